import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { main, say, Stop } from './launch/say.mjs';
import { isGenerated, sourceFiles } from './source-files.mjs';

/**
 * Fails when two files declare a type of the same name: a reader who searches for a name must find one declaration.
 * Generated files are left out, because their names are the API's. Exceptions need a reason.
 */
const exceptions = {};

const isType = (node) =>
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isClassDeclaration(node) ||
  ts.isEnumDeclaration(node);

/** Returns the names of the types that a file declares, at any depth. */
function typesIn(path) {
  const names = new Set();
  const visit = (node) => {
    if (isType(node) && node.name) names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest));
  return names;
}

main(async () => {
  const declaredIn = new Map();
  for (const path of sourceFiles(['apps', 'libs', 'test']).filter((it) => !isGenerated(it))) {
    for (const name of typesIn(path)) declaredIn.set(name, [...(declaredIn.get(name) ?? []), path]);
  }
  const twice = [...declaredIn].filter(([name, paths]) => paths.length > 1 && !(name in exceptions)).sort();
  for (const [name, paths] of twice) say(`${name}\n${paths.map((path) => `  ${path}`).join('\n')}`);
  const unused = Object.keys(exceptions).filter((name) => (declaredIn.get(name)?.length ?? 0) < 2);
  for (const name of unused) say(`${name} is declared once: remove its exception.`);
  if (twice.length + unused.length > 0) throw new Stop(`${twice.length} type names are declared more than once.`);
});
