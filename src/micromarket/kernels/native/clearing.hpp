// The balancing price of one interval: the root of a sum of piecewise-linear curves, found without sorting.
//
// One pass over the columns adds, beside a trial price, power and slope of every curve, and finds the nearest vertices
// on either side. Where no vertex lies between the trial and the Newton step from it, that step is the root exactly;
// otherwise the nearest vertex narrows the bracket. Newton comes first, then the secant of the bracket, then its most
// dominant segment, then the middle, then the median vertex inside it, so that steps, unlimited suppliers and prices of
// very different size all end in a handful of passes and never in more than O(log n). Curves that are straight within
// the bracket become one line, so later passes read few.
//
// Intervals are independent and sums run in a fixed order (`passes.hpp`): the same input gives the same bytes on every
// machine and with any number of threads.
//
// Sources: R. Cominetti, W. Mascarenhas, P. Silva, "A Newton's method for the continuous quadratic knapsack problem",
// Math. Prog. Comp. 6 (2014); K. Kiwiel, "Breakpoint searching algorithms for the continuous quadratic knapsack
// problem", Math. Prog. 112 (2008).
#pragma once

#include "passes.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

namespace micromarket::clearing {

inline constexpr std::size_t kSample = 512;
inline constexpr std::size_t kWorthSplitting = 1024;

enum class Outcome : std::int8_t { balanced = 0, short_of_supply = 1, surplus = 2 };

struct Solution {
    double low, high;
    Outcome outcome;
    std::int32_t passes;
};

// ---- flat stretches: rare, so plain loops ---------------------------------------------------------------------------

// The lowest price that gives every curve the power it has just below `price`; `price` itself if any moves there.
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
    int streak = 0;  // how often in a row the low end was raised, or, negative, the high end lowered

    // The Illinois rule: an end that stays counts less each time, so that both ends move.
    double secant() const {
        const double left = std::ldexp(lacking, std::min(0, streak + 1));
        const double right = std::ldexp(excess, std::min(0, 1 - streak));
        return low + width() * (left / (left + right));
    }
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

// A first guess, and the prices between which the root most likely is.
struct Start {
    bool known = false;
    double price = 0, low = 0, high = 0;

    double beyond(int streak) const { return streak > 0 ? high : low; }
};

// One search for one interval. Power within `rounding` of the target counts as on it.
class Search {
  public:
    Search(const Columns &columns, double target) : columns_(columns), active_(columns), target_(target) {}

    Solution solve(const Start &start) {
        if (columns_.participants == 0) return of_constant(0.0, 0.0);
        if (!start.known && !bounded()) return unbalanced_;
        double price = start.known ? start.price : bracket_.secant(), width = bracket_.width();
        for (int slow = 0;;) {
            ++passes_;
            const Pass right = on_right(price);
            const double near = rounding(right.scale);
            double newton;
            if (right.power + near < target_ && bracket_.low < bracket_.high) {
                if (right.above == kInfinite && !bounded()) return unbalanced_;
                if (raise(price, right, near, newton)) return point(newton);
            } else {
                const Pass left = right.below == price ? on_left(price) : right;
                if (left.power - near <= target_ || bracket_.low >= bracket_.high)
                    return settled(price, left, right, near);
                if (left.below == -kInfinite && !bounded()) return unbalanced_;
                if (lower(price, left, near, newton)) return point(newton);
            }
            slow = std::isfinite(width) && bracket_.width() > 0.5 * width ? slow + 1 : 0;
            width = bracket_.width();
            const bool inside = std::isfinite(newton) && bracket_.low <= newton && newton <= bracket_.high && slow < 2;
            const bool hinted = !inside && passes_ == 1 && start.known;
            if (((!inside && !hinted) || passes_ > 3) && !bounded()) return unbalanced_;
            if (passes_ >= 3 && active_.participants > kWorthSplitting && width < 0.25 * split_width_) narrow();
            price = bracket_.held(inside ? newton : hinted ? start.beyond(bracket_.streak) : guess(slow));
        }
    }

  private:
    double rounding(double scale) const {
        return 4 * std::numeric_limits<double>::epsilon() * (scale + std::abs(target_));
    }

    Solution of_constant(double power, double scale) const {
        const double imbalance = power - target_;
        const auto outcome = std::abs(imbalance) <= rounding(scale) ? Outcome::balanced
                             : imbalance < 0                       ? Outcome::short_of_supply
                                                                   : Outcome::surplus;
        return {-kInfinite, kInfinite, outcome, passes_};
    }

    Solution point(double price) const { return {price, price, Outcome::balanced, passes_}; }

    // Bound the bracket by the ends of the sum, once. False if nothing between them balances: see `unbalanced_`.
    bool bounded() {
        if (is_bounded_) return true;
        const Ends ends = ends_of(columns_);
        if (ends.top < ends.bottom) {
            unbalanced_ = of_constant(ends.first, ends.first_scale);
            return false;
        }
        if (target_ - ends.last > rounding(ends.last_scale)) {
            unbalanced_ = {ends.top, ends.top, Outcome::short_of_supply, passes_};
            return false;
        }
        if (ends.first - target_ > rounding(ends.first_scale)) {
            unbalanced_ = {ends.bottom, ends.bottom, Outcome::surplus, passes_};
            return false;
        }
        if (bracket_.low < ends.bottom) bracket_.lacking = std::max(target_ - ends.first, 0.0);
        if (bracket_.high > ends.top) bracket_.excess = std::max(ends.last - target_, 0.0);
        bracket_.low = std::max(bracket_.low, ends.bottom);
        bracket_.high = std::min(bracket_.high, ends.top);
        return is_bounded_ = true;
    }

    Pass on_right(double price) const { return with_rest(right_of(active_, price), price); }
    Pass on_left(double price) const { return with_rest(left_of(active_, price), price); }

    Pass with_rest(Pass pass, double price) const {
        if (!is_split_) return pass;
        pass.power += rest_.power + rest_.slope * (price - rest_at_);
        pass.slope += rest_.slope;
        pass.scale += rest_.scale;
        return pass;
    }

    // Leave out the curves that are straight within the bracket: they are one line.
    void narrow() {
        split_width_ = bracket_.width();
        std::vector<std::uint8_t> active(active_.participants);
        const Pass rest = split(active_, bracket_.low, bracket_.high, active.data());
        const auto left = static_cast<std::size_t>(std::count(active.begin(), active.end(), std::uint8_t{1}));
        if (2 * left > active_.participants) return;
        std::vector<double> prices(active_.vertices * left), powers(active_.vertices * left);
        for (std::size_t v = 0; v < active_.vertices; ++v)
            for (std::size_t i = 0, k = v * left; i < active_.participants; ++i)
                if (active[i]) {
                    prices[k] = active_.price(v)[i];
                    powers[k++] = active_.power(v)[i];
                }
        if (is_split_) {
            rest_.power += rest_.slope * (bracket_.low - rest_at_);
            rest_ = {rest_.power + rest.power, rest_.slope + rest.slope, rest_.scale + rest.scale};
        } else {
            rest_ = rest;
        }
        rest_at_ = bracket_.low;
        is_split_ = true;
        prices_ = std::move(prices);
        powers_ = std::move(powers);
        active_ = {prices_.data(), powers_.data(), active_.vertices, left};
    }

    // The sum lacks power on the right of the price: the root is above. True if it is on this very piece, and `newton`
    // is it.
    bool raise(double price, const Pass &right, double near, double &newton) {
        const double lacking = target_ - right.power;
        const double above = std::min(right.above, bracket_.high), reach = right.slope * (above - price);
        newton = right.slope > 0 ? price + lacking / right.slope : kInfinite;
        if (newton < above && lacking < reach - near) return true;
        bracket_.low = std::max(bracket_.low, above);
        bracket_.lacking = std::max(lacking - reach, near);
        bracket_.streak = std::max(bracket_.streak, 0) + 1;
        return false;
    }

    // The sum has too much power on the left of the price: the root is below.
    bool lower(double price, const Pass &left, double near, double &newton) {
        const double excess = left.power - target_;
        const double below = std::max(left.below, bracket_.low), reach = left.slope * (price - below);
        newton = left.slope > 0 ? price - excess / left.slope : -kInfinite;
        if (newton > below && excess < reach - near) return true;
        bracket_.high = std::min(bracket_.high, below);
        bracket_.excess = std::max(excess - reach, near);
        bracket_.streak = std::min(bracket_.streak, 0) - 1;
        return false;
    }

    // Where Newton does not help: the secant, the segment that outweighs all others, the middle, at last the median.
    double guess(int slow) {
        if (bracket_.low >= bracket_.high) return bracket_.low;
        if (passes_ > 10) return median_vertex(active_, bracket_);
        double price;
        if (bracket_.skewed() && dominant(active_, bracket_, price)) return price;
        return slow < 3 ? bracket_.secant() : bracket_.middle();
    }

    // Balanced at this price; see how far the balance stretches.
    Solution settled(double price, const Pass &left, const Pass &right, double near) const {
        if (right.below < price && right.slope > 0) {
            const double root = price + (target_ - right.power) / right.slope;
            return point(std::min(std::max(root, right.below), right.above));
        }
        const double low = target_ - left.power <= near ? flat_down_to(columns_, price) : price;
        const double high = right.power - target_ <= near ? flat_up_to(columns_, price) : price;
        return {low, high, Outcome::balanced, passes_};
    }

    const Columns &columns_;
    Columns active_;
    double target_;
    Bracket bracket_{-kInfinite, kInfinite, kInfinite, kInfinite};
    bool is_bounded_ = false, is_split_ = false;
    Solution unbalanced_{};
    std::int32_t passes_ = 0;
    std::vector<double> prices_, powers_;
    Pass rest_{};
    double rest_at_ = 0, split_width_ = kInfinite;
};

// A first guess from every so many-th participant, if there are enough. What the sample may err by, two and a half
// standard deviations of its sum, gives the two prices around it.
inline Start sampled_start(const Columns &columns, double target) {
    if (columns.participants < 16 * kSample) return {};
    const std::size_t stride = columns.participants / kSample;
    std::vector<double> prices, powers;
    for (std::size_t v = 0; v < columns.vertices; ++v)
        for (std::size_t k = 0; k < kSample; ++k) {
            prices.push_back(columns.price(v)[k * stride]);
            powers.push_back(columns.power(v)[k * stride]);
        }
    const Columns sample{prices.data(), powers.data(), columns.vertices, kSample};
    const double aim = target * (static_cast<double>(kSample) / static_cast<double>(columns.participants));
    const auto solved = [&](double power) {
        const Solution solution = Search(sample, power).solve({});
        return std::min(solution.high, std::max(solution.low, 0.5 * (solution.low + solution.high)));
    };
    const double middle = solved(aim);
    if (!std::isfinite(middle)) return {};
    double squares = 0;
    for (std::size_t k = 0; k < kSample; ++k) {
        const double power = point_of<Side::right>(sample, k, middle).power;
        squares += power * power;
    }
    const double error = 2.5 * std::sqrt(squares);
    const double low = solved(aim - error), high = solved(aim + error);
    return {true, middle, std::isfinite(low) ? low : middle, std::isfinite(high) ? high : middle};
}

// The stretch of balancing prices of one interval. O(n V) per pass, few passes.
inline Solution balance(const Columns &columns, double target) {
    return Search(columns, target).solve(sampled_start(columns, target));
}

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

}  // namespace micromarket::clearing
