import { skipLiteral, skipSpace, skipString } from '../formats/json-text.js';

/**
 * JSON text laid out for reading, two spaces a level. Strings, numbers and repeated keys stand as they were written,
 * which a trip through `JSON.parse` would not keep.
 *
 * @param text JSON that `JSON.parse` accepts
 */
export function prettyJson(text: string): string {
  const tokens = tokensOf(text);
  let out = '';
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (isClosing(token)) {
      depth--;
      if (!isOpening(tokens[index - 1])) out += lineBreak(depth);
      out += token;
    } else if (isOpening(token)) {
      depth++;
      out += token;
      if (!isClosing(tokens[index + 1])) out += lineBreak(depth);
    } else {
      out += token === ',' ? token + lineBreak(depth) : token === ':' ? ': ' : token;
    }
  }
  return out;
}

const isOpening = (token: string | undefined): boolean => token === '{' || token === '[';
const isClosing = (token: string | undefined): boolean => token === '}' || token === ']';
const lineBreak = (depth: number): string => `\n${'  '.repeat(depth)}`;

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const end = tokenEnd(text, at);
    tokens.push(text.slice(at, end));
    at = skipSpace(text, end);
  }
  return tokens;
}

function tokenEnd(text: string, at: number): number {
  const character = text[at] ?? '';
  if (character === '"') return skipString(text, at);
  return '{}[],:'.includes(character) ? at + 1 : skipLiteral(text, at);
}
