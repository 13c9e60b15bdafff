// Sums over columns of curves beside a price: power, slope, and the nearest vertices.
//
// Sums run in fixed lanes and chunks whatever the vector width, and contraction is off: the same input gives the same
// bytes on every machine.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#if defined(__GNUC__)
#define MICROMARKET_INLINE __attribute__((always_inline)) inline
#else
#define MICROMARKET_INLINE inline
#endif
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define MICROMARKET_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define MICROMARKET_CLONES
#endif

namespace micromarket::clearing {

inline constexpr double kInfinite = std::numeric_limits<double>::infinity();
inline constexpr double kNarrowest = 1e-290;  // keeps the slope of a nearly vertical segment finite
inline constexpr std::size_t kLanes = 32;
inline constexpr std::size_t kChunk = 4096;

// The curves of one interval: vertex v of participant i is at [v * participants + i].
struct Columns {
    const double *prices;
    const double *powers;
    std::size_t vertices;
    std::size_t participants;

    const double *price(std::size_t v) const { return prices + v * participants; }
    const double *power(std::size_t v) const { return powers + v * participants; }
};

// What one pass finds on one side of a trial price: power and slope of the sum just beside it, the total of absolute
// powers, and the nearest vertices at or below and above it (on its right), or below and at or above it (on its left).
struct Pass {
    double power = 0, slope = 0, scale = 0;
    double below = -kInfinite, above = kInfinite;
};

// Both sides of a trial price.
enum class Side { left, right };

// Both tails of the sum, and the lowest and highest price between which it moves.
struct Ends {
    double first = 0, last = 0, first_scale = 0, last_scale = 0;
    double bottom = kInfinite, top = -kInfinite;
};

// ---- sums in fixed lanes --------------------------------------------------------------------------------------------

template <class Combine>
MICROMARKET_INLINE double folded(double (&lanes)[kLanes], Combine combine) {
    for (std::size_t width = kLanes / 2; width; width /= 2)
        for (std::size_t j = 0; j < width; ++j) lanes[j] = combine(lanes[j], lanes[j + width]);
    return lanes[0];
}

struct Plus {
    MICROMARKET_INLINE double operator()(double a, double b) const { return a + b; }
};
struct Lesser {
    MICROMARKET_INLINE double operator()(double a, double b) const { return a < b ? a : b; }
};
struct Greater {
    MICROMARKET_INLINE double operator()(double a, double b) const { return a > b ? a : b; }
};

// Compensated sum of the chunks (Neumaier).
struct Total {
    double sum = 0, lost = 0;

    void add(double value) {
        const double next = sum + value;
        lost += std::abs(sum) >= std::abs(value) ? (sum - next) + value : (value - next) + sum;
        sum = next;
    }
    double value() const { return sum + lost; }
};

// Columns as pointers into one chunk, the last one repeated up to the unrolled width.
template <std::size_t W>
struct Chunk {
    const double *prices[W];
    const double *powers[W];
    std::size_t size;

    Chunk(const Columns &columns, std::size_t start)
        : size(std::min(kChunk, columns.participants - start)) {
        for (std::size_t v = 0; v < W; ++v) {
            const std::size_t column = std::min(v, columns.vertices - 1);
            prices[v] = columns.price(column) + start;
            powers[v] = columns.power(column) + start;
        }
    }
};

// One curve on one side of a trial price; branch-free, so that loops over curves become vector instructions.
template <Side S, std::size_t W>
MICROMARKET_INLINE Pass point_of(const Chunk<W> &chunk, std::size_t i, double price) {
    double left_price = -kInfinite, left_power = chunk.powers[0][i];
    double right_price = kInfinite, right_power = chunk.powers[W - 1][i];
    for (std::size_t v = 0; v < W; ++v) {
        const double x = chunk.prices[v][i], p = chunk.powers[v][i];
        const bool passed = S == Side::left ? x < price : x <= price;
        left_price = passed ? x : left_price;
        left_power = passed ? p : left_power;
    }
    for (std::size_t v = W; v-- > 0;) {
        const double x = chunk.prices[v][i], p = chunk.powers[v][i];
        const bool passed = S == Side::left ? x < price : x <= price;
        right_price = passed ? right_price : x;
        right_power = passed ? right_power : p;
    }
    const double span = right_price - left_price;
    const double slope = (right_power - left_power) / (span > kNarrowest ? span : kNarrowest);
    const double along = left_price > -kInfinite ? price - left_price : 0.0;
    const double reached = left_power + along * slope;
    const double power = reached < right_power && right_price > price ? reached : right_power;
    return {power, slope, std::abs(power), left_price, right_price};
}

// The same for any number of vertices.
template <Side S>
Pass point_of(const Columns &columns, std::size_t i, double price) {
    std::size_t after = 0;
    const auto passed = [&](double x) { return S == Side::left ? x < price : x <= price; };
    while (after < columns.vertices && passed(columns.price(after)[i])) ++after;
    const double left_power = columns.power(after ? after - 1 : 0)[i];
    const double right_power = columns.power(std::min(after, columns.vertices - 1))[i];
    const double left_price = after ? columns.price(after - 1)[i] : -kInfinite;
    const double right_price = after < columns.vertices ? columns.price(after)[i] : kInfinite;
    const double slope = (right_power - left_power) / std::max(right_price - left_price, kNarrowest);
    const double reached = left_power + (after ? price - left_price : 0.0) * slope;
    const double power = reached < right_power && right_price > price ? reached : right_power;
    return {power, slope, std::abs(power), left_price, right_price};
}

// Sums of points, lane by lane.
struct Lanes {
    double power[kLanes] = {}, slope[kLanes] = {}, scale[kLanes] = {}, below[kLanes], above[kLanes];

    MICROMARKET_INLINE Lanes() {
        std::fill_n(below, kLanes, -kInfinite);
        std::fill_n(above, kLanes, kInfinite);
    }
    MICROMARKET_INLINE void add(std::size_t j, const Pass &point) {
        power[j] += point.power;
        slope[j] += point.slope;
        scale[j] += point.scale;
        below[j] = point.below > below[j] ? point.below : below[j];
        above[j] = point.above < above[j] ? point.above : above[j];
    }
    MICROMARKET_INLINE Pass total() {
        return {folded(power, Plus{}), folded(slope, Plus{}), folded(scale, Plus{}), folded(below, Greater{}),
                folded(above, Lesser{})};
    }
};

// Sums of chunks.
struct Totals {
    Total power, slope, scale;
    double below = -kInfinite, above = kInfinite;

    void add(const Pass &part) {
        power.add(part.power);
        slope.add(part.slope);
        scale.add(part.scale);
        below = std::max(below, part.below);
        above = std::min(above, part.above);
    }
    Pass value() const { return {power.value(), slope.value(), scale.value(), below, above}; }
};

template <Side S, std::size_t W>
MICROMARKET_INLINE Pass pass_over(const Chunk<W> &chunk, double price) {
    Lanes lanes;
    for (std::size_t start = 0; start < chunk.size; start += kLanes) {
        const std::size_t width = std::min(kLanes, chunk.size - start);
#pragma omp simd
        for (std::size_t j = 0; j < width; ++j) lanes.add(j, point_of<S>(chunk, start + j, price));
    }
    return lanes.total();
}

// Power and slope of every curve on one side of a price, written out.
template <Side S, std::size_t W>
MICROMARKET_INLINE void write_all(const Columns &columns, double price, double *power, double *slope) {
    for (std::size_t start = 0; start < columns.participants; start += kChunk) {
        const Chunk<W> chunk(columns, start);
#pragma omp simd
        for (std::size_t j = 0; j < chunk.size; ++j) {
            const Pass point = point_of<S>(chunk, j, price);
            power[start + j] = point.power;
            slope[start + j] = point.slope;
        }
    }
}

// Which curves have a vertex between two prices (1) and which do not (0); the sum of those that do not, at the first.
template <std::size_t W>
MICROMARKET_INLINE Pass split_all(const Columns &columns, double low, double high, std::uint8_t *active) {
    Totals all;
    for (std::size_t begin = 0; begin < columns.participants; begin += kChunk) {
        const Chunk<W> chunk(columns, begin);
        Lanes lanes;
        for (std::size_t start = 0; start < chunk.size; start += kLanes) {
            const std::size_t width = std::min(kLanes, chunk.size - start);
            double rests[kLanes];
#pragma omp simd
            for (std::size_t j = 0; j < width; ++j) {
                Pass point = point_of<Side::right>(chunk, start + j, low);
                const bool rest = point.below < low && point.above > high;
                rests[j] = rest ? 1.0 : 0.0;
                point.power = rest ? point.power : 0.0;
                point.slope = rest ? point.slope : 0.0;
                point.scale = rest ? point.scale : 0.0;
                lanes.add(j, point);
            }
            for (std::size_t j = 0; j < width; ++j) active[begin + start + j] = rests[j] == 0.0;
        }
        all.add(lanes.total());
    }
    return all.value();
}

template <std::size_t W>
MICROMARKET_INLINE Ends ends_over(const Chunk<W> &chunk) {
    double first[kLanes] = {}, last[kLanes] = {}, first_scale[kLanes] = {}, last_scale[kLanes] = {};
    double bottom[kLanes], top[kLanes];
    std::fill_n(bottom, kLanes, kInfinite);
    std::fill_n(top, kLanes, -kInfinite);
    for (std::size_t start = 0; start < chunk.size; start += kLanes) {
        const std::size_t width = std::min(kLanes, chunk.size - start);
#pragma omp simd
        for (std::size_t j = 0; j < width; ++j) {
            const std::size_t i = start + j;
            const double lowest = chunk.powers[0][i], highest = chunk.powers[W - 1][i];
            double begins = kInfinite, stops = -kInfinite;
            for (std::size_t v = 1; v < W; ++v)
                stops = chunk.powers[v][i] > chunk.powers[v - 1][i] ? chunk.prices[v][i] : stops;
            for (std::size_t v = W; v-- > 1;)
                begins = chunk.powers[v][i] > chunk.powers[v - 1][i] ? chunk.prices[v - 1][i] : begins;
            first[j] += lowest;
            last[j] += highest;
            first_scale[j] += std::abs(lowest);
            last_scale[j] += std::abs(highest);
            bottom[j] = begins < bottom[j] ? begins : bottom[j];
            top[j] = stops > top[j] ? stops : top[j];
        }
    }
    return {folded(first, Plus{}),      folded(last, Plus{}),     folded(first_scale, Plus{}),
            folded(last_scale, Plus{}), folded(bottom, Lesser{}), folded(top, Greater{})};
}

template <Side S, std::size_t W>
MICROMARKET_INLINE Pass pass_all(const Columns &columns, double price) {
    Totals all;
    for (std::size_t start = 0; start < columns.participants; start += kChunk)
        all.add(pass_over<S>(Chunk<W>(columns, start), price));
    return all.value();
}

template <std::size_t W>
MICROMARKET_INLINE Ends ends_all(const Columns &columns) {
    Total first, last, first_scale, last_scale;
    Ends all;
    for (std::size_t start = 0; start < columns.participants; start += kChunk) {
        const Ends part = ends_over(Chunk<W>(columns, start));
        first.add(part.first);
        last.add(part.last);
        first_scale.add(part.first_scale);
        last_scale.add(part.last_scale);
        all.bottom = std::min(all.bottom, part.bottom);
        all.top = std::max(all.top, part.top);
    }
    all.first = first.value();
    all.last = last.value();
    all.first_scale = first_scale.value();
    all.last_scale = last_scale.value();
    return all;
}

// More vertices than are unrolled: the same, participant by participant.
template <Side S>
Pass pass_long(const Columns &columns, double price) {
    Totals all;
    for (std::size_t i = 0; i < columns.participants; ++i) all.add(point_of<S>(columns, i, price));
    return all.value();
}

template <Side S>
void write_long(const Columns &columns, double price, double *power, double *slope) {
    for (std::size_t i = 0; i < columns.participants; ++i) {
        const Pass point = point_of<S>(columns, i, price);
        power[i] = point.power;
        slope[i] = point.slope;
    }
}

inline Pass split_long(const Columns &columns, double low, double high, std::uint8_t *active) {
    Totals rest;
    for (std::size_t i = 0; i < columns.participants; ++i) {
        const Pass point = point_of<Side::right>(columns, i, low);
        active[i] = point.below >= low || point.above <= high;
        if (!active[i]) rest.add(point);
    }
    return rest.value();
}

inline Ends ends_long(const Columns &columns) {
    Total first, last, first_scale, last_scale;
    Ends all;
    for (std::size_t i = 0; i < columns.participants; ++i) {
        first.add(columns.power(0)[i]);
        last.add(columns.power(columns.vertices - 1)[i]);
        first_scale.add(std::abs(columns.power(0)[i]));
        last_scale.add(std::abs(columns.power(columns.vertices - 1)[i]));
        for (std::size_t v = 1; v < columns.vertices; ++v) {
            if (!(columns.power(v)[i] > columns.power(v - 1)[i])) continue;
            all.bottom = std::min(all.bottom, columns.price(v - 1)[i]);
            all.top = std::max(all.top, columns.price(v)[i]);
        }
    }
    all.first = first.value();
    all.last = last.value();
    all.first_scale = first_scale.value();
    all.last_scale = last_scale.value();
    return all;
}

// Call the function unrolled for at least as many vertices as there are, else the one for any number.
#define MICROMARKET_BY_VERTICES(unrolled, any)                                                                         \
    switch (columns.vertices) {                                                                                        \
        case 1: return unrolled(1);                                                                                    \
        case 2: return unrolled(2);                                                                                    \
        case 3: return unrolled(3);                                                                                    \
        case 4: return unrolled(4);                                                                                    \
        case 5: case 6: return unrolled(6);                                                                            \
        case 7: case 8: return unrolled(8);                                                                            \
        case 9: case 10: case 11: case 12: return unrolled(12);                                                        \
        default: return any;                                                                                           \
    }

MICROMARKET_CLONES inline Pass right_of(const Columns &columns, double price) {
#define UNROLLED(W) (pass_all<Side::right, W>(columns, price))
    MICROMARKET_BY_VERTICES(UNROLLED, pass_long<Side::right>(columns, price))
#undef UNROLLED
}

MICROMARKET_CLONES inline Pass left_of(const Columns &columns, double price) {
#define UNROLLED(W) (pass_all<Side::left, W>(columns, price))
    MICROMARKET_BY_VERTICES(UNROLLED, pass_long<Side::left>(columns, price))
#undef UNROLLED
}

MICROMARKET_CLONES inline Ends ends_of(const Columns &columns) {
#define UNROLLED(W) (ends_all<W>(columns))
    MICROMARKET_BY_VERTICES(UNROLLED, ends_long(columns))
#undef UNROLLED
}

MICROMARKET_CLONES inline void write_right_of(const Columns &columns, double price, double *power, double *slope) {
#define UNROLLED(W) (write_all<Side::right, W>(columns, price, power, slope))
    MICROMARKET_BY_VERTICES(UNROLLED, write_long<Side::right>(columns, price, power, slope))
#undef UNROLLED
}

MICROMARKET_CLONES inline void write_left_of(const Columns &columns, double price, double *power, double *slope) {
#define UNROLLED(W) (write_all<Side::left, W>(columns, price, power, slope))
    MICROMARKET_BY_VERTICES(UNROLLED, write_long<Side::left>(columns, price, power, slope))
#undef UNROLLED
}

MICROMARKET_CLONES inline Pass split(const Columns &columns, double low, double high, std::uint8_t *active) {
#define UNROLLED(W) (split_all<W>(columns, low, high, active))
    MICROMARKET_BY_VERTICES(UNROLLED, split_long(columns, low, high, active))
#undef UNROLLED
}
#undef MICROMARKET_BY_VERTICES

}  // namespace micromarket::clearing
