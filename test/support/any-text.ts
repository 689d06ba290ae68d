import fc from 'fast-check';

const SURROGATES = { first: 0xd800, count: 0x800 };

const codePoint = fc
  .oneof(fc.nat(0x7f), fc.nat(0x10ffff - SURROGATES.count))
  .map((at) => String.fromCodePoint(at < SURROGATES.first ? at : at + SURROGATES.count));

/** Any text that has a UTF-8 form. fast-check's own, the unit `binary`, takes two seconds to make in each file that uses it. */
export const anyText = fc.string({ unit: codePoint });
