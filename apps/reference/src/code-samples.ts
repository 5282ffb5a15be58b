import { type ReferenceDocument, isRecord, type ListedOperation, resolved } from './api-document';

/** A request of an operation with sample values. */
interface SampleRequest {
  readonly method: string;
  readonly url: string;
  /** JSON; undefined without a body. */
  readonly body: string | undefined;
  readonly needsKey: boolean;
}

export interface CodeSample {
  readonly language: string;
  readonly code: string;
}

const keyVariable = 'B24_GATEWAY_KEY';

/** Returns a call of an operation of the gateway at `origin` in four languages. */
export function codeSamples(document: ReferenceDocument, operation: ListedOperation, origin: string): CodeSample[] {
  const request = sampleRequest(document, operation, origin);
  return [
    { language: 'curl', code: curl(request) },
    { language: 'JavaScript', code: javaScript(request) },
    { language: 'Python', code: python(request) },
    { language: 'PHP', code: php(request) },
  ];
}

function sampleRequest(
  document: ReferenceDocument,
  { method, path, operation }: ListedOperation,
  origin: string,
): SampleRequest {
  const parameters = (operation.parameters ?? []).map((it) => resolved(document, it)).filter(isRecord);
  const filled = path.replace(/\{([^{}]+)\}/g, (_all, name: string) => {
    const parameter = parameters.find((it) => it.in === 'path' && it.name === name);
    return encodeURIComponent(textOf(exampleOf(document, parameter) ?? (name.endsWith('Id') ? 1 : name)));
  });
  const required = parameters.filter((it) => it.in === 'query' && it.required === true);
  const query = new URLSearchParams(
    required.map((it): [string, string] => [textOf(it.name), textOf(exampleOf(document, it) ?? 'value')]),
  ).toString();
  return {
    method,
    url: `${origin}${filled}${query && `?${query}`}`,
    body: bodyOf(document, operation.requestBody),
    needsKey: operation.security?.length !== 0,
  };
}

function bodyOf(document: ReferenceDocument, requestBody: unknown): string | undefined {
  const body = resolved(document, requestBody);
  const content = isRecord(body) && isRecord(body.content) ? body.content['application/json'] : undefined;
  return isRecord(content) ? JSON.stringify(exampleOf(document, content) ?? {}) : undefined;
}

/** Returns the example of a parameter, a content or a schema. */
function exampleOf(document: ReferenceDocument, holder: unknown): unknown {
  if (!isRecord(holder)) return undefined;
  const { example, examples, schema } = holder;
  if (example !== undefined) return example;
  if (Array.isArray(examples)) return examples[0] as unknown;
  const [first] = isRecord(examples) ? Object.values(examples) : [];
  const named = resolved(document, first);
  if (isRecord(named)) return named.value;
  return schema === undefined ? undefined : exampleOf(document, resolved(document, schema));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function curl({ method, url, body, needsKey }: SampleRequest): string {
  const lines = [
    `curl${method === 'GET' ? '' : ` -X ${method}`} ${shellQuoted(url)}`,
    ...(needsKey ? [`-H "Authorization: Bearer $${keyVariable}"`] : []),
    ...(body === undefined ? [] : [`-H 'Content-Type: application/json'`, `-d ${shellQuoted(body)}`]),
  ];
  return lines.join(' \\\n  ');
}

function javaScript({ method, url, body, needsKey }: SampleRequest): string {
  const headers = [
    ...(needsKey ? [`    Authorization: \`Bearer \${process.env.${keyVariable}}\`,`] : []),
    ...(body === undefined ? [] : [`    'Content-Type': 'application/json',`]),
  ];
  return [
    `const response = await fetch(${JSON.stringify(url)}, {`,
    `  method: '${method}',`,
    ...(headers.length > 0 ? ['  headers: {', ...headers, '  },'] : []),
    ...(body === undefined ? [] : [`  body: JSON.stringify(${body}),`]),
    '});',
    'console.log(response.status, await response.json());',
  ].join('\n');
}

function python({ method, url, body, needsKey }: SampleRequest): string {
  const headers = needsKey ? [`    headers={"Authorization": f"Bearer {os.environ['${keyVariable}']}"},`] : [];
  return [
    ...(body === undefined ? [] : ['import json']),
    'import os',
    'import requests',
    '',
    'response = requests.request(',
    `    "${method}",`,
    `    ${JSON.stringify(url)},`,
    ...headers,
    // JSON in a string: True and None are spelled otherwise in Python.
    ...(body === undefined ? [] : [`    json=json.loads(${JSON.stringify(body)}),`]),
    ')',
    'print(response.status_code, response.json())',
  ].join('\n');
}

function php({ method, url, body, needsKey }: SampleRequest): string {
  const headers = [
    ...(needsKey ? [`'Authorization: Bearer ' . getenv('${keyVariable}')`] : []),
    ...(body === undefined ? [] : [`'Content-Type: application/json'`]),
  ];
  return [
    '<?php',
    `$request = curl_init(${phpQuoted(url)});`,
    'curl_setopt_array($request, [',
    `    CURLOPT_CUSTOMREQUEST => '${method}',`,
    '    CURLOPT_RETURNTRANSFER => true,',
    `    CURLOPT_HTTPHEADER => [${headers.join(', ')}],`,
    ...(body === undefined ? [] : [`    CURLOPT_POSTFIELDS => ${phpQuoted(body)},`]),
    ']);',
    '$answer = json_decode(curl_exec($request), true);',
    'print_r($answer);',
  ].join('\n');
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function phpQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
