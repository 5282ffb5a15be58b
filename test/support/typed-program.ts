import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

interface CompilerMessage {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

const head = `import { GatewayClient } from '../../../libs/client/src';
const portal = new GatewayClient({ baseUrl: 'http://gw', key: 'k' }).portal('acme');
`;

/** Programs in a folder that use the client, as the language service of an editor has them. */
export class TypedProgram {
  private readonly texts = new Map<string, string>();
  private versions = 0;
  private readonly service: ts.LanguageService;

  constructor(private readonly folder: string) {
    const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, process.cwd());
    const settings = { ...options, types: ['node'] };
    this.service = ts.createLanguageService({
      getCompilationSettings: () => settings,
      getScriptFileNames: () => [...this.texts.keys()],
      getScriptVersion: (path) => (this.texts.has(path) ? String(this.versions) : '0'),
      getScriptSnapshot: (path) => this.snapshotOf(path),
      getCurrentDirectory: () => process.cwd(),
      getDefaultLibFileName: (of) => ts.getDefaultLibFilePath(of),
      fileExists: (path) => this.texts.has(path) || ts.sys.fileExists(path),
      readFile: (path) => this.texts.get(path) ?? ts.sys.readFile(path),
      directoryExists: (path) => ts.sys.directoryExists(path),
    });
  }

  textOf(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** What the compiler reports of a file of the folder, or of this text in its place. */
  messagesOf(name: string, text = this.textOf(name)): CompilerMessage[] {
    const path = this.open(name, text);
    const found = [...this.service.getSyntacticDiagnostics(path), ...this.service.getSemanticDiagnostics(path)];
    return found.map(({ file, start = 0, messageText }) => ({
      line: (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1,
      message: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }));
  }

  /** Returns what an editor offers at the mark `¦` of a call of `portal`. */
  completions(call: string): string[] {
    const text = `${head}void ${call};\n`;
    const at = text.indexOf('¦');
    const path = this.open('completion.ts', text.replace('¦', ''));
    return this.service.getCompletionsAtPosition(path, at, {})?.entries.map(({ name }) => name) ?? [];
  }

  dispose(): void {
    this.service.dispose();
  }

  private open(name: string, text: string): string {
    const path = resolve(this.folder, name);
    this.texts.set(path, text);
    this.versions++;
    return path;
  }

  private snapshotOf(path: string): ts.IScriptSnapshot | undefined {
    const text = this.texts.get(path) ?? ts.sys.readFile(path);
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
  }
}
