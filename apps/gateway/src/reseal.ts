import { systemClock } from '@b24/portal';
import { connectStore, ReplicaRegistry, Schema, type StoreConnection, StoreRefused } from '@b24/redis';
import { Keyring, Resealer } from '@b24/seal';
import { migrations } from './migrations';
import { sealedStores } from './sealed-stores';
import { BadSettings, readStoreSettings, type Settings } from './settings';

/*
 * `npm run reseal` seals everything stored under the first of ENCRYPTION_KEYS, beside running replicas. It may be stopped
 * and run again at any time. It exits with 0 when nothing is left under another key and no replica writes under one.
 */
async function main(): Promise<boolean> {
  const settings = readStoreSettings(process.env);
  const store = connectStore(settings.redisUrl, {
    lost: (code) => process.stderr.write(`Redis cannot be reached (${code}); trying again.\n`),
    back: () => process.stderr.write('Redis answers again.\n'),
  });
  try {
    return await reseal(store, settings.encryptionKeys);
  } finally {
    store.disconnect();
  }
}

async function reseal(store: StoreConnection, keys: Settings['encryptionKeys']): Promise<boolean> {
  await new Schema({ store, clock: systemClock, migrations, onMigration: () => undefined }).requireNewest();
  const [first] = keys;
  const mine = { writes: first.id, reads: keys.map(({ id }) => id) };
  const others = (await new ReplicaRegistry(store, systemClock, mine).others()).filter(
    ({ writes }) => writes !== first.id,
  );
  let done = others.length === 0;
  const resealer = new Resealer(store, new Keyring(keys));
  for (const sealed of sealedStores(store)) {
    const { resealed, unopened } = await resealer.reseal(sealed);
    say(`${sealed.records}: ${resealed} resealed under '${first.id}', ${unopened} could not be opened.`);
    const left = [...(await resealer.keysInUse(sealed))].filter(([id]) => id !== first.id);
    for (const [id, count] of left) say(`${sealed.records}: ${count} still under '${id}'; run this again.`);
    done &&= left.length === 0;
  }
  for (const { writes } of others)
    say(
      `A running replica still writes under '${writes}': put '${first.id}' first on every replica, then run this again.`,
    );
  if (done) say(`Nothing is left under another key than '${first.id}'. Remove the others from ENCRYPTION_KEYS.`);
  return done;
}

function say(sentence: string): void {
  process.stdout.write(`${sentence}\n`);
}

main()
  .then((done) => process.exit(done ? 0 : 1))
  .catch((error: unknown) => {
    const isExpected = error instanceof BadSettings || error instanceof StoreRefused;
    process.stderr.write(`${isExpected ? error.message : `Resealing failed: ${(error as Error).message}`}\n`);
    process.exit(1);
  });
