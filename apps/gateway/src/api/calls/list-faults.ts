import { Fault } from '@b24/portal';

/** The portal pages the list in a way that cannot be followed to its end. `why` is a clause that names the position. */
export function notWalkable(why: string): Fault {
  return new Fault('list_not_walkable', {
    detail: `The list cannot be read to its end: ${why}. The records before are valid; more may follow.`,
  });
}

/** Records were added or removed between two pages that are read by offset. `why` is a clause that names the position. */
export function listChanged(why: string): Fault {
  return new Fault('list_changed', {
    detail: `The list changed while it was read: ${why}. Repeat the request, or leave out \`order\` where the list can be read by id.`,
  });
}

export function notAList(): Fault {
  return new Fault('invalid_request', {
    errors: [{ path: 'method', message: 'Answers with no list of records.' }],
  });
}

/** Returns the fault of parameters that the list cannot be read with. */
export function unusableParam(name: string, message: string): Fault {
  return new Fault('invalid_request', { errors: [{ path: `params.${name}`, message }] });
}

/** The pages of the list are chosen by parameters of its own, which differ from method to method. */
export function ownPagesOnly(parameters: readonly string[]): Fault {
  const names = parameters.map((name) => `\`${name}\``).join(', ');
  return new Fault('list_not_walkable', {
    detail: `The method pages its list by ${names}, not by \`start\`. Nothing was sent; call it page by page.`,
  });
}
