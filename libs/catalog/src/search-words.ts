/** Words of a task that name no method. */
const stopWords: ReadonlySet<string> = new Set(
  'a all an and by for from how i in into is me my of on one or our please some that the their them this to want we with bitrix bitrix24 method api'.split(
    ' ',
  ),
);

/** What methods do: each group counts as its first word. */
const verbs = [
  'add create new insert make append',
  'delete remove erase drop destroy',
  'update change edit modify set rename write save',
  'get read fetch show retrieve load',
  'list find search many filter every',
  'fields schema columns attributes',
  'count number total',
].map((line) => line.split(' '));
const verbByWord = new Map(verbs.flatMap((group) => group.map((word) => [word, group[0]!] as const)));

/** Words that mean the same in a task and in names. */
const synonyms = [
  'user employee person colleague staff',
  'department structure team',
  'deal opportunity sale pipeline',
  'lead prospect',
  'contact client customer',
  'company organization firm account',
  'quote estimate offer',
  'requisite details legal bank',
  'activity event meeting call email',
  'timeline comment history',
  'category pipeline funnel',
  'status stage directory',
  'task todo assignment ticket',
  'checklistitem checklist subtask',
  'elapseditem elapsed time spent',
  'scrum sprint backlog epic kanban agile',
  'sonet workgroup project group',
  'socialnetwork workgroup project group',
  'im chat message messenger dialog notification conversation',
  'imbot bot chatbot',
  'imopenlines openline channel operator session',
  'imconnector connector messenger',
  'disk drive file folder storage document upload',
  'calendar event meeting appointment schedule',
  'booking reservation appointment resource',
  'telephony phone call record',
  'voximplant phone call sip telephony',
  'bizproc workflow automation robot process',
  'documentgenerator document template pdf invoice',
  'landing site website page block',
  'catalog product inventory warehouse store goods',
  'sale order shop store basket payment shipment cart',
  'paysystem payment pay',
  'lists universal iblock record',
  'entity storage datastore',
  'log feed news blog post',
  'timeman worktime workday attendance time',
  'mailservice mail email imap',
  'messageservice sms sender provider',
  'placement widget embed tab button',
  'event webhook subscribe handler notification',
  'userfield custom field',
  'userfieldconfig custom field',
  'productrow product row line item',
  'item element record object smart process spa',
  'bind link attach connect',
  'unbind unlink detach disconnect',
  'vote poll survey',
  'sign signature',
  'rights permission access role',
].map((line) => line.split(' '));

const byWord = new Map<string, Set<string>>();
for (const group of synonyms) for (const word of group) addAll(word, group);

function addAll(word: string, group: readonly string[]): void {
  const same = byWord.get(word) ?? new Set();
  for (const other of group) same.add(other);
  byWord.set(word, same);
}

/** Returns the words that mean the same as a word, without itself. */
export function synonymsOf(word: string): string[] {
  return [...(byWord.get(word) ?? [])].filter((other) => other !== word);
}

/** Returns the words of a name or of a text: in lower case, in the singular, without those that say nothing. */
export function wordsIn(text: string, max = Infinity): string[] {
  const parts = text
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u);
  const words = parts.filter((word) => word !== '' && !stopWords.has(word)).map((word) => verbOf(singular(word)));
  return [...new Set(words)].slice(0, max);
}

/** Returns the words of a text, and of each two neighbours what they make as one: names have `productrows`. */
export function taskWords(text: string, max: number): string[] {
  const words = wordsIn(text, max);
  return [...words, ...words.slice(1).map((word, i) => `${words[i]}${word}`)];
}

function verbOf(word: string): string {
  return verbByWord.get(word) ?? word;
}

/** Names of methods have both forms: `crm.deal.list` and `lists.get`. */
function singular(word: string): string {
  if (word.length < 4 || /(?:ss|us|is)$/.test(word) || word === 'lists' || word === 'fields') return word;
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  return word.endsWith('s') ? word.slice(0, -1) : word;
}
