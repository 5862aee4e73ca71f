/** What a plan opens: rows that more people see or change afterwards. Pure. */
import { STRANGER_ROLES, VISITOR_ROLES } from '@peakstone/kernel/inventory';
import type { Description } from '../describe/index.ts';

type Properties = Readonly<Record<string, string>>;

/** What is opened in one object that is there before and after; sentences. */
type Look = (name: string, was: Properties, is: Properties) => readonly string[];

/** By the kind of object. */
const LOOKS: Readonly<Record<string, Look>> = {
  table: (name, was, is) => [
    ...(was['row security'] && !is['row security']
      ? [`Row security of ${name} is turned off: whoever has a grant sees every row.`]
      : []),
    ...(was['row security of the owner'] && is['row security'] && !is['row security of the owner']
      ? [`Row security of ${name} does not hold for its owner any more.`]
      : []),
    ...openedRights(name, was, is),
  ],
  view: (name, was, is) => [
    ...(isOn(was, 'security_invoker') && !isOn(is, 'security_invoker')
      ? [`View ${name} shows rows as its owner sees them, and no longer as whoever asks.`]
      : []),
    ...(isOn(was, 'security_barrier') && !isOn(is, 'security_barrier')
      ? [`View ${name} is no barrier any more: a function of whoever asks may see rows that it hides.`]
      : []),
    ...openedRights(name, was, is),
  ],
  policy: (name, was, is) =>
    was.restrictive && JSON.stringify(was) !== JSON.stringify(is)
      ? [`Restrictive policy ${name} is another: what it kept back may be open.`]
      : [],
  function: openedRoutine,
  procedure: openedRoutine,
  'materialized view': openedRights,
  'foreign table': openedRights,
  column: openedRights,
  sequence: openedRights,
  schema: openedRights,
  'default privileges': openedRights,
};

/**
 * @param before what there is, after renames
 * @param after what is wanted
 */
export function openingsOf(before: Description, after: Description): readonly string[] {
  return [...before.values()].flatMap(({ name, object, relation, text }): readonly string[] => {
    const kind = name.slice(0, name.length - object.length - 1);
    const was = JSON.parse(text) as Properties;
    const is = after.get(name);
    if (is !== undefined)
      return is.text === text ? [] : (LOOKS[kind]?.(object, was, JSON.parse(is.text) as Properties) ?? []);
    const hasTable = relation !== null && after.has(`table ${relation}`);
    return kind === 'policy' && was.restrictive && hasTable
      ? [`Restrictive policy ${object} goes: what it kept back is open.`]
      : [];
  });
}

function isOn({ options = '' }: Properties, option: string): boolean {
  return new RegExp(`\\b${option}=(?:true|on|1|yes)\\b`).test(options);
}

function openedRoutine(name: string, was: Properties, is: Properties): readonly string[] {
  const isDefiner = ({ definition = '' }: Properties) => / SECURITY DEFINER\n/.test(definition);
  return [
    ...(isDefiner(is) && !isDefiner(was)
      ? [`Function ${name} runs with its owner’s rights from now on.`]
      : []),
    ...openedRights(name, was, is),
  ];
}

/** Whoever visits; users as well, where no policy stands before the rows. */
function openedRights(name: string, was: Properties, is: Properties): readonly string[] {
  const strangers = is['row security'] ? VISITOR_ROLES : STRANGER_ROLES;
  const isStranger = (item: string) => ['public', ...strangers].some(role => item.startsWith(`${role} `));
  const items = ({ rights = '' }: Properties) => rights.split(', ').filter(item => item !== '');
  const [old, now] = [items(was), items(is)];
  const given = now.filter(item => !old.includes(item) && isStranger(item));
  const back = old.filter(item => item.startsWith('no ') && !now.includes(item)).map(item => item.slice(3));
  return [...given, ...back.filter(isStranger)].map(item => `${name} is opened: ${item}.`);
}
