// How many primes there are below a number, found with a byte for each.
func sieve(below int) int {
	composite := make([]byte, below)
	found := 0
	for n := 2; n < below; n++ {
		if composite[n] != 0 {
			continue
		}
		found++
		for m := n * n; m < below; m += n {
			composite[m] = 1
		}
	}
	return found
}

// Sun and the large planets: place, speed and mass, each for some steps of a hundredth of a day.
func nbody(steps int) float64 {
	x := [5][3]float64{{0, 0, 0}, {4.84, -1.16, -0.10}, {8.34, 4.12, -0.40}, {12.89, -15.11, -0.22}, {15.38, -25.92, 0.18}}
	v := [5][3]float64{{0, 0, 0}, {0.61, 2.81, -0.02}, {-1.01, 1.83, 0.01}, {1.08, 0.87, -0.01}, {0.98, 0.59, -0.03}}
	mass := [5]float64{39.48, 0.038, 0.0113, 0.0017, 0.002}
	for step := 0; step < steps; step++ {
		for i := 0; i < 5; i++ {
			for j := i + 1; j < 5; j++ {
				dx, dy, dz := x[i][0]-x[j][0], x[i][1]-x[j][1], x[i][2]-x[j][2]
				square := dx*dx + dy*dy + dz*dz
				pull := 0.01 / (square * math.Sqrt(square))
				v[i][0] -= dx * mass[j] * pull
				v[i][1] -= dy * mass[j] * pull
				v[i][2] -= dz * mass[j] * pull
				v[j][0] += dx * mass[i] * pull
				v[j][1] += dy * mass[i] * pull
				v[j][2] += dz * mass[i] * pull
			}
		}
		for i := 0; i < 5; i++ {
			for k := 0; k < 3; k++ {
				x[i][k] += 0.01 * v[i][k]
			}
		}
	}
	return x[0][0]
}
