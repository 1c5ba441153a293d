package plot

// A theme holds a figure's inks. Those that stand for things are from the
// palette of Okabe and Ito, which people with any colour vision can tell apart;
// the scale of scores runs from light to dark, or from dark to light, in one
// hue, so that it reads in grey, too.
type theme struct {
	background, ink, dim, grid ink
	// base, best, frontier and other are candidates; failed is a rollout.
	base, best, frontier, other, failed ink
	// missing is a cell without a value.
	missing ink
	// low to high are the scale of scores.
	ramp [5]ink
}

func rgb(v uint32) ink { return ink{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} }

func themeOf(t Theme) theme {
	if t == Dark {
		return theme{
			background: rgb(0x14171c), ink: rgb(0xe8eaed), dim: rgb(0xa3abb5), grid: rgb(0x2c323a),
			base: rgb(0xa3abb5), best: rgb(0xf0a73a), frontier: rgb(0x3fc29a), other: rgb(0x62b4ec), failed: rgb(0xf0713a),
			missing: rgb(0x454c55),
			ramp:    [5]ink{rgb(0x14263d), rgb(0x1d4a7a), rgb(0x2f77b8), rgb(0x69ade0), rgb(0xd3e9fa)},
		}
	}
	return theme{
		background: rgb(0xffffff), ink: rgb(0x1c2128), dim: rgb(0x59636e), grid: rgb(0xe4e7eb),
		base: rgb(0x59636e), best: rgb(0xe07b00), frontier: rgb(0x009e73), other: rgb(0x0072b2), failed: rgb(0xd55e00),
		missing: rgb(0xc3c8ce),
		ramp:    [5]ink{rgb(0xe9f1f9), rgb(0xb3d3ec), rgb(0x6aaad6), rgb(0x2a74b3), rgb(0x0a3866)},
	}
}

// shade returns the scale's ink for a share of 0 to 1.
func (t theme) shade(share float64) ink {
	share = min(max(share, 0), 1) * float64(len(t.ramp)-1)
	i := min(int(share), len(t.ramp)-2)
	return t.ramp[i].mix(t.ramp[i+1], share-float64(i))
}

// on returns an ink that can be read on another.
func (t theme) on(under ink) ink {
	if under.luminance() > 0.3 {
		return rgb(0x14171c)
	}
	return rgb(0xffffff)
}
