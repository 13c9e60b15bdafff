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

// Whether no vertex is redundant.
inline bool is_simple(CurveView curve) {
    const std::size_t size = curve.size();
    if (size < 2) return size == 1;
    bool simple = curve[0].power < curve[1].power && curve[size - 2].power < curve[size - 1].power;
    for (std::size_t k = 1; k + 1 < size; ++k) {
        const Vertex &a = curve[k - 1], &b = curve[k], &c = curve[k + 1];
        simple &= ((a.price < b.price) | (b.price < c.price)) & ((a.power < b.power) | (b.power < c.power)) &
                  ((a.price < b.price) | (a.power < b.power));
    }
    return simple;
}

// Drop every exactly redundant vertex; the curve stays the same function of price.
inline void simplify(CurveView curve, Polyline &out) {
    out.clear();
    for (const Vertex &vertex : curve) append(out, vertex);
    close(out);
}

// Add `power` to a curve: what a commitment from an earlier market does.
inline void shift(CurveView curve, double power, Polyline &out) {
    out.clear();
    for (const Vertex &vertex : curve) append(out, {vertex.price, vertex.power + power});
    close(out);
}

// Adds curves by merging neighbors two by two: O(V log k) for V vertices of k curves, with the rounding of a balanced
// tree. Keeps its memory from one sum to the next.
class Adder {
  public:
    void clear() {
        corners_.clear();
        ends_.assign(1, 0);
        constant_ = 0.0;
    }

    // One more curve to be added; it must hold no redundant vertex.
    void take(CurveView curve) {
        if (curve.size() == 1) {
            constant_ += curve[0].power;
            return;
        }
        corners_.push_back({curve[0].price, curve[0].power, 0.0});
        for (std::size_t k = 1; k < curve.size(); ++k)
            corners_.push_back({curve[k].price, curve[k].power, slope_of(curve[k - 1], curve[k])});
        ends_.push_back(corners_.size());
    }

    // The sum of all that was taken since `clear`; without any curve the inelastic curve of no power.
    void sum(Polyline &out) {
        if (corners_.empty()) return out.assign(1, {0.0, constant_});
        merged_.resize(corners_.size());
        while (ends_.size() > 2) merge_pairs();
        out.resize(ends_[1]);
        for (std::size_t k = 0; k < out.size(); ++k) out[k] = {corners_[k].price, corners_[k].power + constant_};
    }

  private:
    // A vertex and the slope of the piece that ends there, huge on a step.
    struct Corner {
        double price, power, slope;
    };

    std::vector<Corner> corners_, merged_;
    std::vector<std::size_t> ends_, merged_ends_;
    double constant_ = 0.0;

    template <typename From, typename To> static double slope_of(const From &left, const To &right) {
        return std::min(std::numeric_limits<double>::max(), (right.power - left.power) / (right.price - left.price));
    }

    void merge_pairs() {
        merged_ends_.assign(1, 0);
        for (std::size_t k = 0; k + 1 < ends_.size(); k += 2) {
            const Corner *first = corners_.data() + ends_[k], *middle = corners_.data() + ends_[k + 1];
            Corner *out = merged_.data() + merged_ends_.back();
            const Corner *last = k + 2 < ends_.size() ? corners_.data() + ends_[k + 2] : middle;
            out = first < middle && middle < last ? merge(first, middle, middle, last, out) : std::copy(first, last, out);
            merged_ends_.push_back(static_cast<std::size_t>(out - merged_.data()));
        }
        corners_.swap(merged_);
        ends_.swap(merged_ends_);
    }

    // Without branches but for the ends: which curve comes next is as good as random.
    static Corner *merge(const Corner *a, const Corner *a_end, const Corner *b, const Corner *b_end, Corner *out) {
        const Corner *a_before = a, *b_before = b;
        Corner *const start = out;
        Vertex before{std::min(a->price, b->price), 0.0};
        while (a != a_end && b != b_end) {
            const bool left = a->price <= b->price, right = b->price <= a->price;
            const double price = std::min(a->price, b->price);
            const double a_power = std::min(a->power, a_before->power + (price - a_before->price) * a->slope);
            const double b_power = std::min(b->power, b_before->power + (price - b_before->price) * b->slope);
            const double power = (left ? a->power : a_power) + (right ? b->power : b_power);
            *out++ = {price, power, slope_of(before, Vertex{price, power})};
            before = {price, power};
            a_before = left ? a : a_before;
            b_before = right ? b : b_before;
            a += left;
            b += right;
        }
        const bool first_is_longer = a != a_end;
        const double constant = first_is_longer ? b_end[-1].power : a_end[-1].power;
        const Corner *rest = first_is_longer ? a : b, *const end = first_is_longer ? a_end : b_end;
        for (; rest != end; ++rest) {
            const Vertex here{rest->price, rest->power + constant};
            *out++ = {here.price, here.power, slope_of(before, here)};
            before = here;
        }
        start->slope = 0.0;  // nothing ends at the first
        return out;
    }
};

// The sum of any number of curves, without redundant vertices. No curves: the inelastic curve of no power.
inline void sum(std::span<const CurveView> curves, Polyline &out) {
    Adder adder;
    Polyline simple;
    adder.clear();
    for (const CurveView curve : curves) {
        simplify(curve, simple);
        adder.take(simple);
    }
    adder.sum(simple);
    simplify(simple, out);
}

// The sum of two curves, without redundant vertices. O(V1 + V2).
inline void add(CurveView first, CurveView second, Polyline &out) {
    const CurveView both[] = {first, second};
    sum(std::span<const CurveView>(both), out);
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
// them. Entirely beyond a limit it becomes inelastic at that limit. `out` must not be `curve`, which must hold no
// redundant vertex. O(V).
inline void clip(CurveView curve, double low, double high, Polyline &out) {
    if (curve.back().power <= low) return out.assign(1, {curve.back().price, low});
    if (curve.front().power >= high) return out.assign(1, {curve.front().price, high});
    const auto above = std::ranges::upper_bound(curve, low, {}, &Vertex::power);
    const auto beyond = std::ranges::lower_bound(above, curve.end(), high, {}, &Vertex::power);
    const auto cut = [](auto right, double power) {
        return Vertex{interpolated_price(*(right - 1), *right, power), power};
    };
    out.clear();
    if (above != curve.begin()) out.push_back((above - 1)->power == low ? *(above - 1) : cut(above, low));
    out.insert(out.end(), above, beyond);
    if (beyond != curve.end()) out.push_back(beyond->power == high ? *beyond : cut(beyond, high));
    close(out);
}

}  // namespace micromarket
