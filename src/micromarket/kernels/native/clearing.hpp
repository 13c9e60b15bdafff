// The balancing price of one interval: the root of a sum of piecewise-linear curves, found without sorting.
//
// One pass over the columns adds, at a trial price, the lower and the upper power of every curve, its slope, and finds
// the nearest vertices on either side. Where no vertex lies between the trial and the Newton step from it, that step is
// the root exactly; otherwise the nearest vertex narrows the bracket. Newton comes first, then the secant of the
// bracket, then its most dominant segment, then the middle, then the median vertex inside it, so that steps, unlimited
// suppliers and prices of very different size all end in a handful of passes and never in more than O(log n).
//
// Sums run in fixed lanes and chunks whatever the vector width, and contraction is off: the same input gives the same
// bytes on every machine and with any number of threads.
//
// Sources: R. Cominetti, W. Mascarenhas, P. Silva, "A Newton's method for the continuous quadratic knapsack problem",
// Math. Prog. Comp. 6 (2014); K. Kiwiel, "Breakpoint searching algorithms for the continuous quadratic knapsack
// problem", Math. Prog. 112 (2008).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <thread>
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
inline constexpr std::size_t kSample = 512;
inline constexpr std::size_t kUnrolled = 16;

enum class Outcome : std::int8_t { balanced = 0, short_of_supply = 1, surplus = 2 };

// The curves of one interval: vertex v of participant i is at [v * participants + i].
struct Columns {
    const double *prices;
    const double *powers;
    std::size_t vertices;
    std::size_t participants;

    const double *price(std::size_t v) const { return prices + v * participants; }
    const double *power(std::size_t v) const { return powers + v * participants; }
};

// What one pass finds at a trial price. `slope` is that to the right of it; `at_vertex` says whether any vertex has it.
struct Pass {
    double low = 0, high = 0, slope = 0, scale = 0;
    double below = -kInfinite, above = kInfinite;
    double at_vertex = 0;
};

// Both tails of the sum, and the lowest and highest price between which it moves.
struct Ends {
    double first = 0, last = 0, first_scale = 0, last_scale = 0;
    double bottom = kInfinite, top = -kInfinite;
};

struct Solution {
    double low, high;
    Outcome outcome;
    std::int32_t passes;
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

// One curve at a trial price: both ends of the step there, the slope to its right, and the vertices around.
struct Point {
    double low, high, slope, below, above, met;
};

template <std::size_t W>
MICROMARKET_INLINE Point point_of(const Chunk<W> &chunk, std::size_t i, double price) {
    double left_price = price, left_power = chunk.powers[0][i];
    double right_price = kInfinite, right_power = chunk.powers[W - 1][i];
    double under = -kInfinite, first = 0, met = 0;
    for (std::size_t v = 0; v < W; ++v) {
        const double x = chunk.prices[v][i], p = chunk.powers[v][i];
        left_price = x <= price ? x : left_price;
        left_power = x <= price ? p : left_power;
        under = x < price ? x : under;
    }
    for (std::size_t v = W; v-- > 0;) {
        const double x = chunk.prices[v][i], p = chunk.powers[v][i];
        right_price = x > price ? x : right_price;
        right_power = x > price ? p : right_power;
        first = x == price ? p : first;
        met = x == price ? 1.0 : met;
    }
    const double span = right_price - left_price;
    const double slope = (right_power - left_power) / (span > kNarrowest ? span : kNarrowest);
    const double reached = left_power + (price - left_price) * slope;
    const double high = reached < right_power ? reached : right_power;
    return {met > 0 ? first : high, high, slope, under, right_price, met};
}

// The same for any number of vertices.
inline Point point_of(const Columns &columns, std::size_t i, double price) {
    std::size_t first = 0;
    while (first < columns.vertices && columns.price(first)[i] < price) ++first;
    std::size_t after = first;
    while (after < columns.vertices && columns.price(after)[i] == price) ++after;
    const std::size_t left = after ? after - 1 : 0, right = std::min(after, columns.vertices - 1);
    const double rise = columns.power(right)[i] - columns.power(left)[i];
    const double slope = rise / std::max(columns.price(right)[i] - columns.price(left)[i], kNarrowest);
    const double reached = columns.power(left)[i] + (price - columns.price(left)[i]) * slope;
    const double high = rise > 0 ? std::min(reached, columns.power(right)[i]) : columns.power(left)[i];
    return {first < after ? columns.power(first)[i] : high,
            high,
            slope,
            first > 0 ? columns.price(first - 1)[i] : -kInfinite,
            after < columns.vertices ? columns.price(after)[i] : kInfinite,
            first < after ? 1.0 : 0.0};
}

template <std::size_t W>
MICROMARKET_INLINE Pass pass_over(const Chunk<W> &chunk, double price) {
    double low[kLanes] = {}, high[kLanes] = {}, slope[kLanes] = {}, scale[kLanes] = {}, hit[kLanes] = {};
    double below[kLanes], above[kLanes];
    std::fill_n(below, kLanes, -kInfinite);
    std::fill_n(above, kLanes, kInfinite);
    for (std::size_t start = 0; start < chunk.size; start += kLanes) {
        const std::size_t width = std::min(kLanes, chunk.size - start);
#pragma omp simd
        for (std::size_t j = 0; j < width; ++j) {
            const Point point = point_of(chunk, start + j, price);
            low[j] += point.low;
            high[j] += point.high;
            slope[j] += point.slope;
            scale[j] += std::abs(point.high);
            hit[j] += point.met;
            below[j] = point.below > below[j] ? point.below : below[j];
            above[j] = point.above < above[j] ? point.above : above[j];
        }
    }
    return {folded(low, Plus{}),      folded(high, Plus{}),    folded(slope, Plus{}), folded(scale, Plus{}),
            folded(below, Greater{}), folded(above, Lesser{}), folded(hit, Plus{})};
}

// Both ends of every curve at a price, and its slope there, written out.
template <std::size_t W>
MICROMARKET_INLINE void write_all(const Columns &columns, double price, double *low, double *high, double *slope) {
    for (std::size_t start = 0; start < columns.participants; start += kChunk) {
        const Chunk<W> chunk(columns, start);
#pragma omp simd
        for (std::size_t j = 0; j < chunk.size; ++j) {
            const Point point = point_of(chunk, j, price);
            low[start + j] = point.low;
            high[start + j] = point.high;
            slope[start + j] = point.slope;
        }
    }
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

template <std::size_t W>
MICROMARKET_INLINE Pass pass_all(const Columns &columns, double price) {
    Total low, high, slope, scale;
    Pass all;
    for (std::size_t start = 0; start < columns.participants; start += kChunk) {
        const Pass part = pass_over(Chunk<W>(columns, start), price);
        low.add(part.low);
        high.add(part.high);
        slope.add(part.slope);
        scale.add(part.scale);
        all.below = std::max(all.below, part.below);
        all.above = std::min(all.above, part.above);
        all.at_vertex += part.at_vertex;
    }
    all.low = low.value();
    all.high = high.value();
    all.slope = slope.value();
    all.scale = scale.value();
    return all;
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
inline Pass pass_long(const Columns &columns, double price) {
    Total low, high, slope, scale;
    Pass all;
    for (std::size_t i = 0; i < columns.participants; ++i) {
        const Point point = point_of(columns, i, price);
        low.add(point.low);
        high.add(point.high);
        slope.add(point.slope);
        scale.add(std::abs(point.high));
        all.below = std::max(all.below, point.below);
        all.above = std::min(all.above, point.above);
        all.at_vertex += point.met;
    }
    all.low = low.value();
    all.high = high.value();
    all.slope = slope.value();
    all.scale = scale.value();
    return all;
}

inline void write_long(const Columns &columns, double price, double *low, double *high, double *slope) {
    for (std::size_t i = 0; i < columns.participants; ++i) {
        const Point point = point_of(columns, i, price);
        low[i] = point.low;
        high[i] = point.high;
        slope[i] = point.slope;
    }
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

MICROMARKET_CLONES inline Pass pass_at(const Columns &columns, double price) {
    switch (columns.vertices) {
        case 1: return pass_all<1>(columns, price);
        case 2: return pass_all<2>(columns, price);
        case 3: return pass_all<3>(columns, price);
        case 4: return pass_all<4>(columns, price);
        case 5: case 6: return pass_all<6>(columns, price);
        case 7: case 8: return pass_all<8>(columns, price);
        default: break;
    }
    if (columns.vertices <= 12) return pass_all<12>(columns, price);
    if (columns.vertices <= kUnrolled) return pass_all<kUnrolled>(columns, price);
    return pass_long(columns, price);
}

MICROMARKET_CLONES inline Ends ends_of(const Columns &columns) {
    switch (columns.vertices) {
        case 1: return ends_all<1>(columns);
        case 2: return ends_all<2>(columns);
        case 3: return ends_all<3>(columns);
        case 4: return ends_all<4>(columns);
        case 5: case 6: return ends_all<6>(columns);
        case 7: case 8: return ends_all<8>(columns);
        default: break;
    }
    if (columns.vertices <= 12) return ends_all<12>(columns);
    if (columns.vertices <= kUnrolled) return ends_all<kUnrolled>(columns);
    return ends_long(columns);
}

MICROMARKET_CLONES inline void write_at(const Columns &columns, double price, double *low, double *high,
                                       double *slope) {
    switch (columns.vertices) {
        case 1: return write_all<1>(columns, price, low, high, slope);
        case 2: return write_all<2>(columns, price, low, high, slope);
        case 3: return write_all<3>(columns, price, low, high, slope);
        case 4: return write_all<4>(columns, price, low, high, slope);
        case 5: case 6: return write_all<6>(columns, price, low, high, slope);
        case 7: case 8: return write_all<8>(columns, price, low, high, slope);
        default: break;
    }
    if (columns.vertices <= 12) return write_all<12>(columns, price, low, high, slope);
    if (columns.vertices <= kUnrolled) return write_all<kUnrolled>(columns, price, low, high, slope);
    write_long(columns, price, low, high, slope);
}

// ---- flat stretches: rare, so plain loops ---------------------------------------------------------------------------

// The lowest price that gives every curve the power it has just below `price`; `price` itself if any of them moves there.
inline double flat_down_to(const Columns &columns, double price) {
    double lowest = -kInfinite;
    for (std::size_t i = 0; i < columns.participants; ++i) {
        std::size_t v = 0;  // the first vertex at or above the price
        while (v < columns.vertices && columns.price(v)[i] < price) ++v;
        if (v == 0) continue;
        const double held = columns.power(v - 1)[i];
        if (v < columns.vertices && columns.power(v)[i] > held) return price;
        while (v > 1 && columns.power(v - 2)[i] == held) --v;
        if (v > 1) lowest = std::max(lowest, columns.price(v - 1)[i]);
    }
    return lowest;
}

// The highest price that gives every curve the power it has just above `price`.
inline double flat_up_to(const Columns &columns, double price) {
    double highest = kInfinite;
    for (std::size_t i = 0; i < columns.participants; ++i) {
        std::size_t v = columns.vertices;  // one past the last vertex at or below the price
        while (v > 0 && columns.price(v - 1)[i] > price) --v;
        if (v == columns.vertices) continue;
        const double held = columns.power(v)[i];
        if (v > 0 && columns.power(v - 1)[i] < held) return price;
        while (v + 1 < columns.vertices && columns.power(v + 1)[i] == held) ++v;
        if (v + 1 < columns.vertices) highest = std::min(highest, columns.price(v)[i]);
    }
    return highest;
}

// ---- the search -----------------------------------------------------------------------------------------------------

// Where the root still may be: vertex prices, with what the sum lacks below and has too much above.
struct Bracket {
    double low, high;
    double lacking, excess;

    double width() const { return high - low; }
    double secant() const { return low + width() * (lacking / (lacking + excess)); }
    double middle() const { return low + 0.5 * width(); }
    bool skewed() const { return std::max(lacking, excess) > 16 * std::min(lacking, excess); }
    double held(double price) const { return std::min(std::max(price, low), high); }
};

// Start of the segment that rises most between two prices, if it rises by a quarter of what is still open.
inline bool dominant(const Columns &columns, const Bracket &bracket, double &price) {
    double most = 0.25 * (bracket.lacking + bracket.excess);
    bool found = false;
    for (std::size_t v = 1; v < columns.vertices; ++v) {
        const double *prices = columns.price(v - 1), *before = columns.power(v - 1), *after = columns.power(v);
        for (std::size_t i = 0; i < columns.participants; ++i) {
            if (prices[i] < bracket.low || prices[i] > bracket.high || !(after[i] - before[i] > most)) continue;
            most = after[i] - before[i];
            price = prices[i];
            found = true;
        }
    }
    return found;
}

// The vertex price in the middle of all those between the two ends of the bracket.
inline double median_vertex(const Columns &columns, const Bracket &bracket) {
    std::vector<double> inside;
    const std::size_t size = columns.vertices * columns.participants;
    for (std::size_t k = 0; k < size; ++k)
        if (columns.prices[k] >= bracket.low && columns.prices[k] <= bracket.high) inside.push_back(columns.prices[k]);
    if (inside.empty()) return bracket.middle();
    const auto middle = inside.begin() + static_cast<std::ptrdiff_t>(inside.size() / 2);
    std::nth_element(inside.begin(), middle, inside.end());
    return *middle;
}

// One search for one interval. Power within `rounding` of the target counts as on it.
class Search {
  public:
    Search(const Columns &columns, double target) : columns_(columns), target_(target), ends_(ends_of(columns)) {}

    Solution solve(double start) {
        if (columns_.participants == 0) return of_constant(0.0, 0.0);
        if (ends_.top < ends_.bottom) return of_constant(ends_.first, ends_.first_scale);
        if (target_ - ends_.last > rounding(ends_.last_scale)) return {ends_.top, ends_.top, Outcome::short_of_supply, 0};
        if (ends_.first - target_ > rounding(ends_.first_scale)) return {ends_.bottom, ends_.bottom, Outcome::surplus, 0};
        bracket_ = {ends_.bottom, ends_.top, std::max(target_ - ends_.first, 0.0), std::max(ends_.last - target_, 0.0)};
        return search(std::isnan(start) ? bracket_.secant() : start);
    }

    const Ends &ends() const { return ends_; }

  private:
    double rounding(double scale) const {
        return 4 * std::numeric_limits<double>::epsilon() * (scale + std::abs(target_));
    }

    Solution of_constant(double power, double scale) const {
        const double imbalance = power - target_;
        const auto outcome = std::abs(imbalance) <= rounding(scale) ? Outcome::balanced
                             : imbalance < 0                       ? Outcome::short_of_supply
                                                                   : Outcome::surplus;
        return {-kInfinite, kInfinite, outcome, 0};
    }

    Solution point(double price) const { return {price, price, Outcome::balanced, passes_}; }

    Solution search(double start) {
        double price = bracket_.held(start), width = bracket_.width();
        for (int slow = 0;;) {
            const Pass pass = pass_at(columns_, price);
            ++passes_;
            const double near = rounding(pass.scale);
            if ((pass.low - near <= target_ && target_ <= pass.high + near) || bracket_.low >= bracket_.high)
                return settled(price, pass, near);
            double newton;
            const bool lacks = pass.high < target_;
            if (lacks ? raise(price, pass, near, newton) : lower(price, pass, near, newton)) return point(newton);
            slow = bracket_.width() > 0.5 * width ? slow + 1 : 0;
            width = bracket_.width();
            price = !lacks && pass.at_vertex > 0 ? newton : bracket_.held(next(newton, slow));
        }
    }

    // The sum lacks power here: the root is above. True if it is on this very piece, and `newton` is it.
    bool raise(double price, const Pass &pass, double near, double &newton) {
        const double lacking = target_ - pass.high;
        const double above = std::min(pass.above, bracket_.high), reach = pass.slope * (above - price);
        newton = pass.slope > 0 ? price + lacking / pass.slope : kInfinite;
        if (newton < above && lacking < reach - near) return true;
        bracket_.low = std::max(bracket_.low, above);
        bracket_.lacking = std::max(lacking - reach, near);
        return false;
    }

    // The sum has too much power here: the root is below. At a vertex the slope on the left is not known, so the next
    // trial is on the piece that ends here.
    bool lower(double price, const Pass &pass, double near, double &newton) {
        const double excess = pass.low - target_;
        const double below = std::max(pass.below, bracket_.low);
        if (pass.at_vertex > 0) {
            bracket_.high = price;
            bracket_.excess = excess;
            newton = below + 0.5 * (price - below);
            if (!(newton < price)) newton = below;
            return false;
        }
        const double reach = pass.slope * (price - below);
        newton = pass.slope > 0 ? price - excess / pass.slope : -kInfinite;
        if (newton > below && excess < reach - near) return true;
        bracket_.high = std::min(bracket_.high, below);
        bracket_.excess = std::max(excess - reach, near);
        return false;
    }

    double next(double newton, int slow) {
        if (bracket_.low >= bracket_.high) return bracket_.low;
        if (passes_ > 10) return median_vertex(columns_, bracket_);
        const bool inside = bracket_.low <= newton && newton <= bracket_.high;
        if (inside && slow < 2) return newton;
        double price;
        if (bracket_.skewed() && dominant(columns_, bracket_, price)) return price;
        return slow < 3 ? bracket_.secant() : bracket_.middle();
    }

    // Balanced at this price; see how far the balance stretches.
    Solution settled(double price, const Pass &pass, double near) const {
        if (pass.at_vertex == 0 && pass.slope > 0) {
            const double root = price + (target_ - pass.high) / pass.slope;
            return point(std::min(std::max(root, pass.below), pass.above));
        }
        const double low = target_ - pass.low <= near ? flat_down_to(columns_, price) : price;
        const double high = pass.high - target_ <= near ? flat_up_to(columns_, price) : price;
        return {low, high, Outcome::balanced, passes_};
    }

    const Columns &columns_;
    double target_;
    Ends ends_;
    Bracket bracket_{};
    std::int32_t passes_ = 0;
};

// A first guess from every so many-th participant; NaN where there are too few to be worth it.
inline double sampled_start(const Columns &columns, double target) {
    if (columns.participants < 16 * kSample) return std::numeric_limits<double>::quiet_NaN();
    const std::size_t stride = columns.participants / kSample;
    std::vector<double> prices, powers;
    for (std::size_t v = 0; v < columns.vertices; ++v)
        for (std::size_t k = 0; k < kSample; ++k) {
            prices.push_back(columns.price(v)[k * stride]);
            powers.push_back(columns.power(v)[k * stride]);
        }
    const Columns sample{prices.data(), powers.data(), columns.vertices, kSample};
    const double share = static_cast<double>(kSample) / static_cast<double>(columns.participants);
    const Solution solution = Search(sample, target * share).solve(std::numeric_limits<double>::quiet_NaN());
    if (solution.low == -kInfinite || solution.high == kInfinite) return std::numeric_limits<double>::quiet_NaN();
    return 0.5 * (solution.low + solution.high);
}

// The stretch of balancing prices of one interval. O(n V) per pass, few passes.
inline Solution balance(const Columns &columns, double target) {
    const double start = sampled_start(columns, target);
    return Search(columns, target).solve(start);
}

// ---- who gives what at the balancing price --------------------------------------------------------------------------

inline double summed(const double *values, std::size_t count) {
    Total total;
    for (std::size_t start = 0; start < count; start += kChunk) {
        double lanes[kLanes] = {};
        const std::size_t end = std::min(start + kChunk, count);
        for (std::size_t i = start; i < end; ++i) lanes[(i - start) % kLanes] += values[i];
        total.add(folded(lanes, Plus{}));
    }
    return total.value();
}

// Room for one interval, kept from one to the next.
struct Dispatch {
    std::vector<double> low, high, slope;

    explicit Dispatch(std::size_t participants) : low(participants), high(participants), slope(participants) {}

    // Steps at the price are shared pro rata to their width, counted from the nearer end; what rounding leaves goes to
    // the sloping curves, as a price between two floating-point numbers would have it, else to the steps.
    void run(const Columns &columns, double price, double target, bool balanced, double *out) {
        const std::size_t count = columns.participants;
        write_at(columns, price, low.data(), high.data(), slope.data());
        const double lowest = summed(low.data(), count), highest = summed(high.data(), count);
        const double width = highest - lowest;
        const double share = width > 0 ? std::clamp((target - lowest) / width, 0.0, 1.0) : 0.0;
        const double rest = width > 0 ? std::clamp((highest - target) / width, 0.0, 1.0) : 1.0;
        for (std::size_t i = 0; i < count; ++i) {
            const double step = high[i] - low[i];
            out[i] = share <= 0.5 ? low[i] + share * step : high[i] - rest * step;
        }
        if (!balanced) return;
        const double slopes = summed(slope.data(), count);
        for (int round = 0; round < 2; ++round) {
            const double left = target - summed(out, count);
            if (left == 0.0) return;
            if (slopes > 0) {
                for (std::size_t i = 0; i < count; ++i) out[i] += left * (slope[i] / slopes);
            } else if (width > 0) {
                for (std::size_t i = 0; i < count; ++i)
                    out[i] = std::clamp(out[i] + left * ((high[i] - low[i]) / width), low[i], high[i]);
            }
        }
    }
};

// ---- all intervals --------------------------------------------------------------------------------------------------

// Do `work(from, to)` for all intervals on a few threads if it is much; intervals are independent, so the number of
// threads changes nothing in the result.
template <class Work>
void for_intervals(std::size_t intervals, std::size_t size, const Work &work) {
    const std::size_t cores = std::max(1u, std::min(8u, std::thread::hardware_concurrency()));
    const std::size_t parts = intervals * size > 200'000 ? std::min(cores, intervals) : 1;
    std::vector<std::thread> threads;
    for (std::size_t k = 1; k < parts; ++k)
        threads.emplace_back(work, intervals * k / parts, intervals * (k + 1) / parts);
    work(0, intervals / std::max<std::size_t>(parts, 1));
    for (auto &thread : threads) thread.join();
}

inline Columns at_interval(Columns columns, std::size_t interval) {
    columns.prices += interval * columns.vertices * columns.participants;
    columns.powers += interval * columns.vertices * columns.participants;
    return columns;
}

// Arrays of shape (intervals, vertices, participants).
inline void balance_all(const Columns &first, std::size_t intervals, const double *targets, Solution *out) {
    for_intervals(intervals, first.vertices * first.participants, [&](std::size_t from, std::size_t to) {
        for (std::size_t t = from; t < to; ++t) out[t] = balance(at_interval(first, t), targets[t]);
    });
}

// `out` has shape (intervals, participants).
inline void dispatch_all(const Columns &first, std::size_t intervals, const double *prices, const double *targets,
                         const std::int8_t *outcomes, double *out) {
    for_intervals(intervals, first.vertices * first.participants, [&](std::size_t from, std::size_t to) {
        Dispatch dispatch(first.participants);
        for (std::size_t t = from; t < to; ++t)
            dispatch.run(at_interval(first, t), prices[t], targets[t], outcomes[t] == 0, out + t * first.participants);
    });
}

}  // namespace micromarket::clearing
