/// How many primes there are below a number, found with a byte for each.
fn sieve(below: usize) -> usize {
    let mut composite = vec![0u8; below];
    let mut found = 0;
    for n in 2..below {
        if composite[n] != 0 {
            continue;
        }
        found += 1;
        let mut m = n as u64 * n as u64;
        while m < below as u64 {
            composite[m as usize] = 1;
            m += n as u64;
        }
    }
    found
}

/// Sun and the large planets: place, speed and mass, each for some steps of a hundredth of a day.
fn nbody(steps: usize) -> f64 {
    let mut x: [[f64; 3]; 5] =
        [[0., 0., 0.], [4.84, -1.16, -0.10], [8.34, 4.12, -0.40], [12.89, -15.11, -0.22], [15.38, -25.92, 0.18]];
    let mut v: [[f64; 3]; 5] =
        [[0., 0., 0.], [0.61, 2.81, -0.02], [-1.01, 1.83, 0.01], [1.08, 0.87, -0.01], [0.98, 0.59, -0.03]];
    let mass: [f64; 5] = [39.48, 0.038, 0.0113, 0.0017, 0.002];
    for _ in 0..steps {
        for i in 0..5 {
            for j in i + 1..5 {
                let (dx, dy, dz) = (x[i][0] - x[j][0], x[i][1] - x[j][1], x[i][2] - x[j][2]);
                let square = dx * dx + dy * dy + dz * dz;
                let pull = 0.01 / (square * square.sqrt());
                for (k, d) in [dx, dy, dz].into_iter().enumerate() {
                    v[i][k] -= d * mass[j] * pull;
                    v[j][k] += d * mass[i] * pull;
                }
            }
        }
        for i in 0..5 {
            for k in 0..3 {
                x[i][k] += 0.01 * v[i][k];
            }
        }
    }
    x[0][0]
}
