// One sequential palette, from the surface to a strong blue: it rises evenly in
// lightness, so that it reads the same without colour vision. The theme turns
// it round: more is always further from the background.

export type Theme = 'dark' | 'light'

type RGB = [number, number, number]

const ramps: Record<Theme, RGB[]> = {
  dark: [[27, 35, 56], [33, 58, 105], [40, 92, 150], [62, 136, 180], [112, 182, 200], [178, 219, 211]],
  light: [[228, 236, 242], [182, 214, 226], [120, 176, 206], [66, 130, 180], [36, 84, 148], [22, 42, 92]],
}

/** The colour of a share 0..1 of the range. */
export function ramp(share: number, theme: Theme): RGB {
  const stops = ramps[theme]
  const t = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * (stops.length - 1)
  const i = Math.min(stops.length - 2, Math.floor(t))
  const a = stops[i]!
  const b = stops[i + 1]!
  return [0, 1, 2].map((k) => Math.round(a[k]! + (b[k]! - a[k]!) * (t - i))) as RGB
}

export function css(c: RGB): string {
  return `rgb(${c[0]} ${c[1]} ${c[2]})`
}

/** Black or white, whichever is read better on the colour. */
export function ink(c: RGB): string {
  return 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2] > 140 ? '#0b1220' : '#ffffff'
}

/** The value of a custom property of the stylesheet. */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}
