import type { Declaration } from './declaration';

/** A group of declared methods. A module below this directory that exports one as `resource` is served and documented. */
export interface Resource {
  /** Tag of the operations in openapi.json: plural, lower case, unique. */
  readonly tag: string;
  /** One sentence about the tag, for openapi.json. */
  readonly about: string;
  /** Name of the scope of client keys: reads need `<scope>:read`, writes need `<scope>:write`. */
  readonly scope: string;
  readonly methods: readonly Declaration[];
}
