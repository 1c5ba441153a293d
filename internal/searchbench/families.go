package searchbench

// plain is what the families differ from.
func plain() Family {
	return Family{
		Components: 2, Rules: 8, Zipf: 1.0, MinNeeds: 1, MaxNeeds: 2,
		Easy: 0.38, Hopeless: 0.04, Base: 0.32, Sharp: 1.2, Clusters: 1,
		HarmShare: 0.2, HarmReach: 0.2, Harm: 0.3,
		Approaches: 6, Blocked: 0.3,
		Noise: 0.15, Stable: 0.9, Reveal: 0.9, Mislead: 0.1, Misplace: 0.1,
		Feedback: 100,
	}
}

func usualReflector() Reflector {
	return Reflector{Attention: 5, Blind: 0.6, Reframe: 0.6, Approaches: 6, Overfit: 0.12, Forget: 0.01, Rubbish: 0.2, Drift: 0.15}
}

// Families returns the kinds of landscapes: those that options may be chosen
// by, then those held out.
func Families() []Family {
	kind := func(name string, heldOut bool, change func(*Family)) Family {
		f := plain()
		f.Name, f.HeldOut = name, heldOut
		change(&f)
		return f
	}
	return []Family{
		kind("rules", false, func(*Family) {}),
		kind("interference", false, func(f *Family) { f.HarmShare, f.HarmReach, f.Harm, f.Capacity = 0.4, 0.3, 0.3, 14 }),
		kind("specialists", false, func(f *Family) { f.Clusters, f.Harm = 3, 0.25 }),
		kind("noise", false, func(f *Family) { f.Binary, f.Stable = true, 0.7 }),
		kind("one component", false, func(f *Family) { f.Components, f.Rules = 1, 9 }),
		kind("many", false, func(f *Family) { f.Components, f.Rules, f.Blocked = 6, 9, 0.15 }),
		kind("mixed", false, func(f *Family) {
			f.Components, f.Clusters, f.HarmShare, f.HarmReach, f.Binary, f.Stable = 3, 2, 0.2, 0.2, true, 0.9
		}),
		kind("few common rules", false, func(f *Family) { f.Rules = 6 }),

		kind("interference II", true, func(f *Family) {
			f.Components, f.Rules, f.HarmShare, f.HarmReach, f.Harm, f.Capacity = 3, 12, 0.6, 0.2, 0.45, 8
		}),
		kind("specialists II", true, func(f *Family) { f.Components, f.Rules, f.Clusters, f.Harm = 1, 14, 4, 0.2 }),
		kind("noise II", true, func(f *Family) { f.Binary, f.Stable, f.Easy, f.Feedback = true, 0.5, 0.25, 60 }),
		kind("one component II", true, func(f *Family) {
			f.Components, f.Rules, f.Zipf, f.MaxNeeds, f.Sharp = 1, 18, 0.6, 3, 1.2
		}),
		kind("many II", true, func(f *Family) { f.Components, f.Rules, f.Blocked, f.Misplace = 8, 12, 0.2, 0.15 }),
	}
}
