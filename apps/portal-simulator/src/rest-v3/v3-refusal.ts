export interface V3Validation {
  readonly field: string;
  readonly message: string;
}

/** An error of REST 3: `{"error": {"code", "message", "validation"}}` (docs/bitrix24-rules.md#rest-3). */
export class V3Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly validation?: readonly V3Validation[],
  ) {
    super(message);
  }

  /** `ENTITYNOTFOUND` stands for `BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION`. */
  static of(name: string, message: string, status = 400): V3Refusal {
    return new V3Refusal(codeOf(name), message, status);
  }

  static invalid(...validation: readonly V3Validation[]): V3Refusal {
    const code = codeOf('VALIDATION_REQUESTVALIDATION');
    return new V3Refusal(code, 'Error validating request object', 400, validation);
  }

  static missing(field: string): V3Refusal {
    return V3Refusal.invalid({ field, message: `Required field \`${field}\` is not specified` });
  }

  static mistyped(field: string, type: string): V3Refusal {
    return V3Refusal.invalid({ field, message: `Field \`${field}\` requires data type \`${type}\` for this request` });
  }

  static unknownField(field: string, entity: string): V3Refusal {
    return V3Refusal.of('UNKNOWNDTOPROPERTY', `Unknown field \`${field}\` for entity \`${entity}\``);
  }

  get body(): unknown {
    const { code, message, validation } = this;
    return { error: { code, message, validation } };
  }
}

function codeOf(name: string): string {
  return `BITRIX_REST_V3_EXCEPTION_${name}EXCEPTION`;
}
