import { type MethodFacts, withParameter } from '../method-facts';

const effects = {
  read: 'Reads; it changes nothing.',
  write: 'Changes data.',
  consuming: 'Reads, and removes what it returns.',
} as const;

/** What is documented of a method: what it does, and its parameters, which a click adds to the body. */
export function MethodParameters({
  facts: { effect, page, parameters },
  body,
  setBody,
}: {
  facts: MethodFacts;
  body: string;
  setBody: (body: string) => void;
}) {
  return (
    <div class="parameters">
      <p class="soft small">
        {effects[effect]}{' '}
        <a href={page} target="_blank" rel="noreferrer">
          Bitrix24’s documentation
        </a>
      </p>
      {parameters.length > 0 && (
        <ul aria-label="Parameters">
          {parameters.map((parameter) => {
            const { name, type, isRequired } = parameter;
            const next = withParameter(body, parameter);
            return (
              <li key={name}>
                <button
                  type="button"
                  disabled={next === undefined || next === body}
                  onClick={() => {
                    if (next !== undefined) setBody(next);
                  }}
                >
                  + {name} <span class="soft">{isRequired ? `${type}, required` : type}</span>
                </button>
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}
