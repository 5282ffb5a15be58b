import { planOf } from './plan-of';

const common = { burst: 50, drainPerSecond: 2 };
const planWith = (licence: string, family?: string) =>
  planOf({ tariff: { licence, ...(family !== undefined && { family }), requestedAtMs: 1 } }, common);

describe("a portal's plan", () => {
  it('is the one that the operator set, for any licence', () => {
    const limits = { burst: 30, drainPerSecond: 1 };
    const tariff = { licence: 'de_ent250', family: 'ent', requestedAtMs: 1 };
    expect(planOf({ limits, tariff }, common)).toEqual({ ...limits, from: 'operator' });
  });

  it.each(['de_ent250', 'en_ent500', 'ru_ent1000', 'la_ent10000', 'DE_ENT250', 'ent250', 'de_ent'])(
    'is the larger one with the licence %s',
    (licence) => {
      expect(planWith(licence)).toEqual({ burst: 250, drainPerSecond: 5, from: 'licence' });
    },
  );

  it.each(['ent', 'ENT'])('is the larger one for the family %s, for any licence', (family) => {
    expect(planWith('de_something', family)).toEqual({ burst: 250, drainPerSecond: 5, from: 'licence' });
  });

  it.each([
    ['de_basic', 'basic'],
    ['de_pro100', 'pro'],
    ['de_center', 'center'],
    ['center', undefined],
    ['de_student', 'student'],
    ['de_entry', 'entry'],
    ['de_presentation250', undefined],
    ['de_ent250_demo', undefined],
    ['de_pro_ent250', undefined],
    ['de_ent250\n', undefined],
    ['ent_basic', undefined],
    ['', ''],
    ['', undefined],
  ])('is the default for the licence %j of the family %j', (licence, family) => {
    expect(planWith(licence, family)).toEqual({ ...common, from: 'default' });
  });

  it('is the default while the licence is unknown', () => {
    expect(planOf({}, common)).toEqual({ ...common, from: 'default' });
  });
});
