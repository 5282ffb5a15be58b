interface SwitchProps {
  readonly label: string;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  readonly chosen: string;
  readonly choose: (value: string) => void;
}

/** Buttons of which one is pressed. */
export function Switch({ label, choices, chosen, choose }: SwitchProps) {
  return (
    <div class="switch" role="group" aria-label={label}>
      {choices.map((it) => (
        <button
          key={it.value}
          type="button"
          aria-pressed={chosen === it.value}
          onClick={() => {
            choose(it.value);
          }}
        >
          {it.label}
        </button>
      ))}
    </div>
  );
}
