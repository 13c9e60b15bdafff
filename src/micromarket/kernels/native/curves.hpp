// Curves of power over price as lists of vertices: evaluate, add, sum, clip.
//
// A curve rises in price and in power, is linear between vertices and flat beyond its ends; two vertices at one price
// are a step on which any power between is acceptable; one vertex is inelastic. Values at merged vertices are
// interpolated on each curve and then added, never accumulated from slope differences, which would cancel badly
// beside the large steps of an "unlimited" supplier. Every operation rounds monotonically, so the results rise too.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace micromarket {

struct Vertex {
    double price;
    double power;
    friend bool operator==(const Vertex &, const Vertex &) = default;
};

using Polyline = std::vector<Vertex>;
using CurveView = std::span<const Vertex>;

// Both ends of a step, or of a flat stretch; equal where the curve has one value.
struct Range {
    double low;
    double high;
};

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline double interpolated_power(const Vertex &left, const Vertex &right, double price) {
    const double share = (price - left.price) / (right.price - left.price);
    return std::min(left.power + share * (right.power - left.power), right.power);
}

inline double interpolated_price(const Vertex &left, const Vertex &right, double power) {
    const double share = (power - left.power) / (right.power - left.power);
    return std::min(left.price + share * (right.price - left.price), right.price);
}

inline bool is_inelastic(CurveView curve) { return curve.front().power == curve.back().power; }

// Power at a price: the lower and the upper end of the step there, if there is one. O(log V).
inline Range evaluate(CurveView curve, double price) {
    const auto first = std::ranges::lower_bound(curve, price, {}, &Vertex::price);
    const auto after = std::ranges::upper_bound(first, curve.end(), price, {}, &Vertex::price);
    if (first != after) return {first->power, (after - 1)->power};
    if (first == curve.begin()) return {curve.front().power, curve.front().power};
    if (first == curve.end()) return {curve.back().power, curve.back().power};
    const double power = interpolated_power(*(first - 1), *first, price);
    return {power, power};
}

// Prices at which the curve gives a power: both ends of a flat stretch; infinite in a tail. A power that the curve
// never reaches answers +infinity twice above, -infinity twice below. O(log V).
inline Range prices_at(CurveView curve, double power) {
    if (power < curve.front().power) return {-kInfinity, -kInfinity};
    if (power > curve.back().power) return {kInfinity, kInfinity};
    const auto first = std::ranges::lower_bound(curve, power, {}, &Vertex::power);
    const auto after = std::ranges::upper_bound(first, curve.end(), power, {}, &Vertex::power);
    if (first == after) {
        const double price = interpolated_price(*(first - 1), *first, power);
        return {price, price};
    }
    return {first == curve.begin() ? -kInfinity : first->price, after == curve.end() ? kInfinity : (after - 1)->price};
}

// Append a vertex, dropping whatever is exactly redundant: repeats, the middle of a step or of a flat stretch, and
// the far end of the lower tail.
inline void append(Polyline &curve, Vertex vertex) {
    if (!curve.empty()) {
        const Vertex &last = curve.back();
        if (curve.size() == 1) {
            if (last.power == vertex.power) curve.pop_back();
        } else {
            const Vertex &before = curve[curve.size() - 2];
            const bool flat = before.power == last.power && last.power == vertex.power;
            const bool step = before.price == last.price && last.price == vertex.price;
            if (flat || step || last == vertex) curve.pop_back();
        }
    }
    curve.push_back(vertex);
}

// Drop the far end of the upper tail; the one vertex of an inelastic curve stands at price 0. Call once, at the end.
inline void close(Polyline &curve) {
    while (curve.size() > 1 && curve.back().power == curve[curve.size() - 2].power) curve.pop_back();
    if (curve.size() == 1) curve.front().price = 0.0;
}

// Drop every exactly redundant vertex; the curve stays the same function of price.
inline void simplify(CurveView curve, Polyline &out) {
    out.clear();
    for (const Vertex &vertex : curve) append(out, vertex);
    close(out);
}

// Walks along one curve while prices rise.
class Cursor {
  public:
    explicit Cursor(CurveView curve) : curve_(curve) {}

    double next_price() const { return at_ < curve_.size() ? curve_[at_].price : kInfinity; }

    Range take(double price) {
        if (at_ == curve_.size()) return {curve_.back().power, curve_.back().power};
        if (curve_[at_].price > price) {
            const double power = at_ ? interpolated_power(curve_[at_ - 1], curve_[at_], price) : curve_[0].power;
            return {power, power};
        }
        const double low = curve_[at_].power;
        while (at_ + 1 < curve_.size() && curve_[at_ + 1].price == price) ++at_;
        return {low, curve_[at_++].power};
    }

  private:
    CurveView curve_;
    std::size_t at_ = 0;
};

// Add `power` to a curve: what a commitment from an earlier market does.
inline void shift(CurveView curve, double power, Polyline &out) {
    out.clear();
    for (const Vertex &vertex : curve) append(out, {vertex.price, vertex.power + power});
    close(out);
}

// The sum of two curves, without redundant vertices. `out` must be neither of the two. O(V1 + V2).
inline void add(CurveView first, CurveView second, Polyline &out) {
    if (is_inelastic(first)) return shift(second, first.front().power, out);
    if (is_inelastic(second)) return shift(first, second.front().power, out);
    out.clear();
    Cursor one(first), other(second);
    for (;;) {
        const double price = std::min(one.next_price(), other.next_price());
        if (price == kInfinity) break;
        const Range left = one.take(price), right = other.take(price);
        append(out, {price, left.low + right.low});
        if (left.low + right.low < left.high + right.high) append(out, {price, left.high + right.high});
    }
    close(out);
}

// The sum of any number of curves by merging neighbors two by two: O(V log k) for V vertices of k curves, with the
// rounding of a balanced tree. No curves: the inelastic curve of no power.
inline void sum(std::span<const CurveView> curves, Polyline &out) {
    if (curves.empty()) return out.assign(1, {0.0, 0.0});
    if (curves.size() == 1) return simplify(curves[0], out);
    std::vector<Polyline> level((curves.size() + 1) / 2);
    for (std::size_t k = 0; k < level.size(); ++k) {
        if (2 * k + 1 < curves.size()) add(curves[2 * k], curves[2 * k + 1], level[k]);
        else simplify(curves[2 * k], level[k]);
    }
    Polyline merged;
    for (std::size_t count = level.size(); count > 1; count = (count + 1) / 2) {
        for (std::size_t k = 0; k < count / 2; ++k) {
            add(level[2 * k], level[2 * k + 1], merged);
            std::swap(level[k], merged);
        }
        if (count % 2) std::swap(level[count / 2], level[count - 1]);
    }
    std::swap(out, level[0]);
}

inline void sum(std::span<const Polyline> curves, Polyline &out) {
    const std::vector<CurveView> views(curves.begin(), curves.end());
    sum(std::span<const CurveView>(views), out);
}

// For every curve the sum of all the others: prefix and suffix sums, so that nothing is ever subtracted. The results
// hold O(k V) vertices each.
inline void sum_without_each(std::span<const CurveView> curves, std::span<Polyline> out) {
    const std::size_t count = curves.size();
    const Polyline nothing{{0.0, 0.0}};
    std::vector<Polyline> after(count + 1, nothing);  // after[k] is the sum of curves k, k + 1, ...
    for (std::size_t k = count; k-- > 1;) add(after[k + 1], curves[k], after[k]);
    Polyline before = nothing, next;
    for (std::size_t k = 0; k < count; ++k) {
        add(before, after[k + 1], out[k]);
        add(before, curves[k], next);
        std::swap(before, next);
    }
}

// The same curve held between two powers (`low <= high`, either may be infinite), with new vertices where it reaches
// them. Entirely beyond a limit it becomes inelastic at that limit. `out` must not be `curve`. O(V).
inline void clip(CurveView curve, double low, double high, Polyline &out) {
    out.clear();
    for (std::size_t k = 0; k < curve.size(); ++k) {
        const Vertex &here = curve[k];
        if (k > 0) {
            const Vertex &before = curve[k - 1];
            for (const double limit : {low, high})
                if (before.power < limit && limit < here.power)
                    append(out, {interpolated_price(before, here, limit), limit});
        }
        append(out, {here.price, std::clamp(here.power, low, high)});
    }
    close(out);
}

}  // namespace micromarket
