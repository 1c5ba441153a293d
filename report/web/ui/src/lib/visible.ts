// Makes visible what would act on the page or hide: control characters, marks
// that turn the direction of writing, and zero-width characters.

export interface Piece {
  text: string
  /** The name of the character that the text stands for, if it does. */
  mark?: string
}

const names: Record<number, string> = {
  0x1b: 'ESC', 0x7f: 'DEL', 0xad: 'SHY', 0x61c: 'ALM', 0x180e: 'MVS', 0x200b: 'ZWSP', 0x200c: 'ZWNJ', 0x200e: 'LRM', 0x200f: 'RLM',
  0x2028: 'LSEP', 0x2029: 'PSEP', 0x202a: 'LRE', 0x202b: 'RLE', 0x202c: 'PDF', 0x202d: 'LRO', 0x202e: 'RLO', 0x2060: 'WJ',
  0x2066: 'LRI', 0x2067: 'RLI', 0x2068: 'FSI', 0x2069: 'PDI', 0xfeff: 'BOM', 0xfffd: 'U+FFFD',
}

// Line breaks and tabs are text; a carriage return alone is not. The
// zero-width joiner stays: emoji and several scripts need it.
const special = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060\u2066-\u206f\ufeff\u{e0000}-\u{e007f}]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu

/** Splits a text into what is shown as it is and what is shown by name. */
export function pieces(text: string): Piece[] {
  const clean = text.replace(/\r\n/g, '\n')
  const out: Piece[] = []
  let at = 0
  for (const m of clean.matchAll(special)) {
    if (m.index > at) out.push({ text: clean.slice(at, m.index) })
    const code = m[0].codePointAt(0)!
    const name = names[code] ?? 'U+' + code.toString(16).toUpperCase().padStart(4, '0')
    out.push({ text: name, mark: `U+${code.toString(16).toUpperCase().padStart(4, '0')}` })
    at = m.index + m[0].length
  }
  if (at < clean.length || out.length === 0) out.push({ text: clean.slice(at) })
  return out
}

/** The same as one string, for titles and labels. */
export function flat(text: string, limit = 200): string {
  const cut = text.length > limit ? text.slice(0, limit - 1) + '…' : text
  return pieces(cut).map((p) => (p.mark ? `‹${p.text}›` : p.text)).join('')
}
