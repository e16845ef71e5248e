// How many primes there are below a number, found with a byte for each.
function sieve(below) {
  const composite = new Uint8Array(below);
  let found = 0;
  for (let n = 2; n < below; n++) {
    if (composite[n]) continue;
    found++;
    for (let m = n * n; m < below; m += n) composite[m] = 1;
  }
  return found;
}

// Sun and the large planets: place, speed and mass, each for some steps of a hundredth of a day.
function nbody(steps) {
  const x = [[0, 0, 0], [4.84, -1.16, -0.1], [8.34, 4.12, -0.4], [12.89, -15.11, -0.22], [15.38, -25.92, 0.18]];
  const v = [[0, 0, 0], [0.61, 2.81, -0.02], [-1.01, 1.83, 0.01], [1.08, 0.87, -0.01], [0.98, 0.59, -0.03]];
  const mass = [39.48, 0.038, 0.0113, 0.0017, 0.002];
  for (let step = 0; step < steps; step++) {
    for (let i = 0; i < 5; i++) {
      for (let j = i + 1; j < 5; j++) {
        const dx = x[i][0] - x[j][0];
        const dy = x[i][1] - x[j][1];
        const dz = x[i][2] - x[j][2];
        const square = dx * dx + dy * dy + dz * dz;
        const pull = 0.01 / (square * Math.sqrt(square));
        v[i][0] -= dx * mass[j] * pull;
        v[i][1] -= dy * mass[j] * pull;
        v[i][2] -= dz * mass[j] * pull;
        v[j][0] += dx * mass[i] * pull;
        v[j][1] += dy * mass[i] * pull;
        v[j][2] += dz * mass[i] * pull;
      }
    }
    for (let i = 0; i < 5; i++) for (let k = 0; k < 3; k++) x[i][k] += 0.01 * v[i][k];
  }
  return x[0][0];
}
