import { join } from 'node:path';
import { type Listing, listingOf } from './listing';
import { type Method, methodOf } from './method';
import { type CatalogSource, MethodLines } from './method-lines';
import type { MethodEffect, MethodRecord } from './method-record';
import { MethodSearch } from './method-search';
import { NameSuggestions } from './name-suggestions';
import { unknownNames } from './unknown-parameters';

const file = join(__dirname, 'methods.json');
const maxFound = 10;

/**
 * The facts of the vendor's methods (docs/catalog.md). Names are found in any case, as the vendor finds them. Nothing is read
 * before the first question.
 */
export class Catalog {
  private readonly lines: MethodLines;
  private searched: MethodSearch | undefined;
  private suggestions: NameSuggestions | undefined;
  private all: readonly string[] | undefined;

  constructor(path = file) {
    this.lines = new MethodLines(path);
  }

  /** The names of all methods as the vendor writes them. */
  names(): readonly string[] {
    this.all ??= this.lines.names();
    return this.all;
  }

  find(name: string): Method | undefined {
    const lower = name.toLowerCase();
    const record = this.lines.recordOf(lower);
    return record && methodOf(this.lines.nameOf(lower)!, record, this.lines.source().site);
  }

  /** Returns undefined for a method that the catalog does not know. */
  effectOf(name: string): MethodEffect | undefined {
    return this.lines.recordOf(name.toLowerCase())?.effect;
  }

  /** Returns up to three names that a misspelt name may stand for; none for a name that is right. */
  suggest(name: string): string[] {
    if (this.lines.nameOf(name.toLowerCase()) !== undefined) return [];
    this.suggestions ??= new NameSuggestions(this.names());
    return this.suggestions.find(name);
  }

  /** Returns up to ten methods for a task described in words, the best first. `isWanted` gets a method's name. */
  search(words: string, isWanted: (name: string) => boolean = () => true): string[] {
    this.searched ??= new MethodSearch(this.names().map((name) => this.searchedMethod(name)));
    return this.searched.find(words, maxFound, isWanted);
  }

  /** Returns the shape of a method's result, as far as it is documented. */
  shapeOf(name: string): Pick<MethodRecord, 'result' | 'paging'> {
    const { result, paging } = this.lines.recordOf(name.toLowerCase()) ?? {};
    return { ...(result && { result }), ...(paging && { paging }) };
  }

  /** Returns how the records of a method are read; undefined for a method that the catalog does not know. */
  listing(name: string): Listing | undefined {
    const record = this.lines.recordOf(name.toLowerCase());
    return record && listingOf(record);
  }

  /** Returns the parameters that a method does not know; none if its parameters are not documented. */
  unknownParameters(name: string, params: Readonly<Record<string, unknown>>): string[] {
    const known = this.lines.recordOf(name.toLowerCase())?.params;
    return known ? unknownNames(known, Object.keys(params)) : [];
  }

  source(): CatalogSource {
    return this.lines.source();
  }

  private searchedMethod(name: string) {
    const { scopes, deprecatedFor } = this.find(name)!;
    return { name, scopes, isDeprecated: deprecatedFor !== undefined };
  }
}
