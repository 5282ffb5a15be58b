/** A row of the CRM as its list methods show it: every value a string. */
export type CrmRow = Record<string, string>;

/** A portal's deals, open to tests. */
export class CrmStore {
  /** By id, oldest first. */
  readonly deals = new Map<number, CrmRow>();
  private lastId = 0;

  addDeal(fields: CrmRow = {}): number {
    const id = (this.lastId += 1);
    this.deals.set(id, { ID: String(id), TITLE: `Deal #${id}`, STAGE_ID: 'NEW', OPPORTUNITY: '0.00', ...fields });
    return id;
  }

  addDeals(count: number): void {
    for (let i = 0; i < count; i++) this.addDeal();
  }
}
