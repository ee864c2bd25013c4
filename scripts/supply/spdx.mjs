// Whether a licence expression can be kept to with licences of a list: one side of each OR, both of
// each AND. What cannot be read cannot be kept to.

/** @param {string} expression SPDX, or crates' older `MIT/Apache-2.0` @param {Set<string>} allowed */
export function permits(expression, allowed) {
  const tokens = expression.replaceAll('/', ' OR ').match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const either = () => {
    let good = both();
    while (tokens[at] === 'OR') {
      at += 1;
      good = both() || good;
    }
    return good;
  };
  const both = () => {
    let good = one();
    while (tokens[at] === 'AND') {
      at += 1;
      good = one() && good;
    }
    return good;
  };
  const one = () => {
    const token = tokens[at];
    at += 1;
    if (token === '(') {
      const good = either();
      if (tokens[at] !== ')') return false;
      at += 1;
      return good;
    }
    if (token === undefined || token === ')' || token === 'OR' || token === 'AND') return false;
    if (tokens[at] !== 'WITH') return allowed.has(token);
    at += 2;
    return allowed.has(`${token} WITH ${tokens[at - 1]}`);
  };
  const good = either();
  return good && at === tokens.length;
}
