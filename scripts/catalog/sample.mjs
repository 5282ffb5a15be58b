/** Returns some of the names, chosen by a seed. */
export function sampleOf(names, count, seed) {
  const left = [...names].sort();
  const chosen = [];
  let state = seed;
  while (chosen.length < count && left.length > 0) {
    // A linear congruential generator, with the figures of Numerical Recipes.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    chosen.push(...left.splice(state % left.length, 1));
  }
  return chosen.sort();
}
