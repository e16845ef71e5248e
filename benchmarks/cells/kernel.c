#include <math.h>
#include <stdlib.h>
#include <string.h>

// How many primes there are below a number, found with a byte for each.
static int sieve(int below) {
    unsigned char *composite = calloc(below, 1);
    int found = 0;
    for (int n = 2; n < below; n++) {
        if (composite[n]) continue;
        found++;
        for (long long m = (long long)n * n; m < below; m += n) composite[m] = 1;
    }
    free(composite);
    return found;
}

// Sun and the large planets: place, speed and mass, each for some steps of a hundredth of a day.
static double nbody(int steps) {
    double x[5][3] = {{0, 0, 0}, {4.84, -1.16, -0.10}, {8.34, 4.12, -0.40}, {12.89, -15.11, -0.22}, {15.38, -25.92, 0.18}};
    double v[5][3] = {{0, 0, 0}, {0.61, 2.81, -0.02}, {-1.01, 1.83, 0.01}, {1.08, 0.87, -0.01}, {0.98, 0.59, -0.03}};
    double mass[5] = {39.48, 0.038, 0.0113, 0.0017, 0.002};
    for (int step = 0; step < steps; step++) {
        for (int i = 0; i < 5; i++)
            for (int j = i + 1; j < 5; j++) {
                double dx = x[i][0] - x[j][0], dy = x[i][1] - x[j][1], dz = x[i][2] - x[j][2];
                double square = dx * dx + dy * dy + dz * dz;
                double pull = 0.01 / (square * sqrt(square));
                v[i][0] -= dx * mass[j] * pull, v[i][1] -= dy * mass[j] * pull, v[i][2] -= dz * mass[j] * pull;
                v[j][0] += dx * mass[i] * pull, v[j][1] += dy * mass[i] * pull, v[j][2] += dz * mass[i] * pull;
            }
        for (int i = 0; i < 5; i++)
            for (int k = 0; k < 3; k++) x[i][k] += 0.01 * v[i][k];
    }
    return x[0][0];
}
