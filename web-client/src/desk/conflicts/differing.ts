// Which characters of a value differ from the other values of its field, so that the eye
// finds 7715 against 1175. What all values begin and end with is the same; the middle differs.
// A cleared value has no characters to compare with.

export interface Marked {
  start: string;
  differs: string;
  end: string;
}

export function differing(value: string, others: string[]): Marked {
  const own = [...value];
  const rest = others.filter((other) => other !== '' && other !== value).map((other) => [...other]);
  if (rest.length === 0) return { start: value, differs: '', end: '' };
  const shortest = Math.min(own.length, ...rest.map((other) => other.length));
  let start = 0;
  while (start < shortest && rest.every((other) => other[start] === own[start])) start += 1;
  let end = 0;
  while (end < shortest - start && rest.every((other) => other.at(-1 - end) === own.at(-1 - end))) end += 1;
  return {
    start: own.slice(0, start).join(''),
    differs: own.slice(start, own.length - end).join(''),
    end: own.slice(own.length - end).join(''),
  };
}
