/** As many as are judged in half a second of one core. */
const A_TICK = 5_000;

/**
 * Those of the subjects whose turn it is: all of them every tick up to 5,000, each every second tick up to 10,000,
 * and so on, so that a tick stays short however many there are. A verdict is good for 15 s and 20,000 services are the most
 * that are judged, so a turn comes in time.
 * @param keyOf stays the same from tick to tick: the turn is taken from it
 * @param tick counts them: by the clock, ticks that take two seconds would always meet the same turn
 */
export function whoseTurn<Subject>(
  subjects: readonly Subject[],
  keyOf: (subject: Subject) => string,
  tick: number,
): readonly Subject[] {
  const turns = Math.ceil(subjects.length / A_TICK);
  if (turns <= 1) return subjects;
  const turn = tick % turns;
  return subjects.filter((subject) => hash(keyOf(subject)) % turns === turn);
}

function hash(key: string): number {
  let value = 0;
  for (let i = 0; i < key.length; i++) value = (Math.imul(value, 31) + key.charCodeAt(i)) >>> 0;
  return value;
}
