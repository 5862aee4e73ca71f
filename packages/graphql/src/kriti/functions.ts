/** The functions of the language. @see https://github.com/hasura/kriti-lang#library */

type Fn = (argument: unknown) => unknown;

function text(fn: (value: string) => unknown): Fn {
  return value => {
    if (typeof value !== 'string') throw new TypeError('Expected a string argument');
    return fn(value);
  };
}

function textOrList(ofText: (value: string) => unknown, ofList: (value: readonly unknown[]) => unknown): Fn {
  return value => {
    if (typeof value === 'string') return ofText(value);
    if (Array.isArray(value)) return ofList(value);
    throw new TypeError('Expected an array or string argument');
  };
}

const first = (what: string, value: unknown): unknown => {
  if (value === undefined) throw new RangeError(`Empty ${what}`);
  return value;
};

export const functions: Readonly<Record<string, Fn>> = {
  not: value => {
    if (typeof value !== 'boolean') throw new TypeError('Expected a boolean argument');
    return !value;
  },
  empty: value => {
    if (value === null) return true;
    if (typeof value === 'string' || Array.isArray(value)) return value.length === 0;
    if (typeof value === 'object') return Object.keys(value).length === 0;
    if (typeof value === 'number') return value === 0;
    throw new TypeError('Cannot define emptiness for a boolean');
  },
  size: value => {
    if (value === null) return 0;
    if (typeof value === 'string' || Array.isArray(value)) return value.length;
    if (typeof value === 'object') return Object.keys(value).length;
    return Number(value);
  },
  length: textOrList(
    value => value.length,
    value => value.length,
  ),
  inverse: value => {
    if (typeof value === 'string') return [...value].reverse().join('');
    if (Array.isArray(value)) return [...value].reverse();
    if (typeof value === 'number') return 1 / value;
    if (typeof value === 'boolean') return !value;
    return value;
  },
  head: textOrList(
    value => first('string', value[0]),
    value => first('array', value[0]),
  ),
  tail: textOrList(
    value => value.slice(1),
    value => value.slice(1),
  ),
  toCaseFold: text(value => value.toLowerCase()),
  toLower: text(value => value.toLowerCase()),
  toUpper: text(value => value.toUpperCase()),
  toTitle: text(value => value.replace(/\b\p{L}/gu, letter => letter.toUpperCase())),
  escapeUri: text(value => encodeURIComponent(value)),
  fromJson: text(value => JSON.parse(value)),
  toJson: value => JSON.stringify(value),
  fromPair: value => Object.fromEntries([value as [string, unknown]]),
  toPairs: value => Object.entries(value as object),
  fromPairs: value => Object.fromEntries(value as [string, unknown][]),
  removeNulls: value => (Array.isArray(value) ? value.filter(each => each !== null) : value),
  concat: value => {
    if (!Array.isArray(value)) throw new TypeError('Expected an array argument');
    if (value.every(each => typeof each === 'string')) return value.join('');
    if (value.every(Array.isArray)) return value.flat();
    if (value.every(each => each !== null && typeof each === 'object' && !Array.isArray(each)))
      return Object.assign({}, ...value);
    throw new TypeError('Expected an array of strings, arrays or objects');
  },
};
