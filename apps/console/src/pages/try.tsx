import { useMemo, useState } from 'preact/hooks';
import { ask, call } from '../api';
import type { ApiAnswer } from '../api';
import type { OpenApi, ApiPage, ApiParameter, Portal } from '../api-types';
import { methodFacts } from '../method-facts';
import { MethodParameters } from '../parts/method-parameters';
import { CopyButton, Field, Loading, ProblemBox, Tile, Worded } from '../parts/pieces';
import { curlOf, exampleBody, isWrite, type Offer, offersOf, shownHeaders, urlOf } from '../try-call';
import { useRequest, useWork } from '../use-request';
import { milliseconds } from '../words';

interface Tried extends ApiAnswer {
  readonly tookMs: number;
}

export function TryPage({ document: api, portal }: { document: OpenApi | undefined; portal: string }) {
  const offers = useMemo(() => (api ? offersOf(api) : []), [api]);
  const [chosen, setChosen] = useState('getBacklog');
  const offer = offers.find(({ operation }) => operation.operationId === chosen) ?? offers[0];
  if (!api || !offer) return <Loading what="Loading what the API offers …" />;
  const groups = [...new Set(offers.map(({ group }) => group))];
  return (
    <>
      <div class="title">
        <h1>Try it</h1>
      </div>
      <p class="soft under">A real call, with your own rights, and how a service would make it.</p>
      <div class="card narrow">
        <Field label="What to call">
          {(ids) => (
            <select
              {...ids}
              value={offer.operation.operationId}
              onChange={(event) => {
                setChosen(event.currentTarget.value);
              }}
            >
              {groups.map((group) => (
                <optgroup key={group} label={group}>
                  {offers
                    .filter((it) => it.group === group)
                    .map(({ operation: { operationId, summary } }) => (
                      <option key={operationId} value={operationId}>
                        {summary}
                      </option>
                    ))}
                </optgroup>
              ))}
            </select>
          )}
        </Field>
        <Call key={offer.operation.operationId} api={api} offer={offer} portal={portal} />
      </div>
    </>
  );
}

function Call({ api, offer, portal }: { api: OpenApi; offer: Offer; portal: string }) {
  const { method, path, operation, parameters } = offer;
  const [values, setValues] = useState<Readonly<Record<string, string>>>(() => startOf(parameters, portal));
  const [body, setBody] = useState(() => exampleBody(api, operation));
  const [tried, setTried] = useState<Tried>();
  const { busy, problem, run } = useWork();
  const { method: called = '' } = values;
  const facts = useRequest(
    (signal) => (takesMethod(parameters) ? methodFacts(called, signal) : Promise.resolve(undefined)),
    [called],
  ).data;
  const url = urlOf(path, parameters, values);
  const sent = body === undefined || body.trim() === '' ? undefined : body;
  const send = (event: Event) => {
    event.preventDefault();
    run(async () => {
      const beganAt = performance.now();
      const response = await ask(method, url, sent === undefined ? {} : { body: sent });
      const text = await response.text();
      const { status, statusText, headers } = response;
      setTried({ status, statusText, headers, text, tookMs: performance.now() - beganAt });
    });
  };
  return (
    <>
      <form onSubmit={send}>
        <p class="route">
          <code>
            {method} {url}
          </code>
        </p>
        {operation.description && (
          <p class="soft small">
            <Worded text={operation.description} />
          </p>
        )}
        {parameters.map((parameter) => (
          <Value
            key={parameter.name}
            parameter={parameter}
            value={values[parameter.name] ?? ''}
            set={(value) => {
              setValues((it) => ({ ...it, [parameter.name]: value }));
            }}
          />
        ))}
        {facts && body !== undefined && <MethodParameters facts={facts} body={body} setBody={setBody} />}
        {body !== undefined && (
          <Field label="Body (JSON)">
            {(ids) => (
              <textarea
                {...ids}
                rows={Math.min(14, body.split('\n').length + 1)}
                spellcheck={false}
                value={body}
                onInput={(event) => {
                  setBody(event.currentTarget.value);
                }}
              />
            )}
          </Field>
        )}
        {(facts ? facts.effect !== 'read' : isWrite(method)) && <p class="box warn">This call changes real data.</p>}
        <p class="actions">
          <button type="submit" class="main" disabled={busy}>
            {busy ? 'Calling …' : 'Call'}
          </button>
        </p>
      </form>
      {problem && <ProblemBox problem={problem} />}
      {tried && <Answered tried={tried} />}
      <h2>The same by curl</h2>
      <div class="code">
        <pre tabIndex={0}>{curlOf(method, `${location.origin}${url}`, sent)}</pre>
        <CopyButton text={curlOf(method, `${location.origin}${url}`, sent)} label="Copy curl" />
      </div>
      <p class="soft small">
        Put a client key in <code>KEY</code>: a service never uses the administrator’s.
      </p>
    </>
  );
}

const takesMethod = (parameters: readonly ApiParameter[]) => parameters.some(({ name }) => name === 'method');

function startOf(parameters: readonly ApiParameter[], portal: string): Record<string, string> {
  const examples = parameters.flatMap(({ name, required, schema }) =>
    required && schema?.example !== undefined ? [[name, `${schema.example as string | number}`] as const] : [],
  );
  return { ...Object.fromEntries(examples), ...(portal && { portal }) };
}

function Value({ parameter, value, set }: { parameter: ApiParameter; value: string; set: (value: string) => void }) {
  const { name, required = false, description, schema } = parameter;
  const known = useRequest((signal) => knownValues(name, signal), [name]);
  const listId = `values-${name}`;
  return (
    <Field label={`${name}${required ? '' : ' (optional)'}`} {...(description !== undefined && { hint: description })}>
      {(ids) =>
        schema?.enum ? (
          <select
            {...ids}
            value={value}
            onChange={(event) => {
              set(event.currentTarget.value);
            }}
          >
            {!required && <option value="">any</option>}
            {schema.enum.map((it) => (
              <option key={it}>{it}</option>
            ))}
          </select>
        ) : (
          <>
            <input
              {...ids}
              required={required}
              spellcheck={false}
              autocapitalize="none"
              value={value}
              list={listId}
              onInput={(event) => {
                set(event.currentTarget.value);
              }}
            />
            <datalist id={listId}>
              {known.data?.map((it) => (
                <option key={it} value={it} />
              ))}
            </datalist>
          </>
        )
      }
    </Field>
  );
}

/** Values that a parameter can be completed to: portals, and the documented methods of Bitrix24. */
async function knownValues(name: string, signal: AbortSignal): Promise<readonly string[]> {
  if (name === 'portal') {
    const { items } = await call<ApiPage<Portal>>('GET', '/v1/portals?limit=200', undefined, signal);
    return items.map(({ alias, domain }) => alias ?? domain);
  }
  if (name === 'method') return Object.keys(await call<object>('GET', '/openapi/index.json', undefined, signal));
  return [];
}

function Answered({ tried: { status, statusText, headers, text, tookMs } }: { tried: Tried }) {
  const shown = shownHeaders(headers);
  return (
    <section class="answer" aria-label="Answer" role="status">
      <h2>Answer</h2>
      <div class="tiles small">
        <Tile label="Status" value={`${status}`} tone={status < 400 ? 'good' : 'bad'}>
          {statusText}
        </Tile>
        <Tile label="Took" value={milliseconds(tookMs)} />
      </div>
      {shown.length > 0 && (
        <dl>
          {shown.map(([name, value]) => (
            <>
              <dt key={name}>
                <code>{name}</code>
              </dt>
              <dd>{value}</dd>
            </>
          ))}
        </dl>
      )}
      <pre tabIndex={0}>{pretty(text) || 'No body.'}</pre>
    </section>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
