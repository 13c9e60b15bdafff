// Nested auction over a whole tree of nodes: net curves bottom-up, prices and powers top-down. No Python inside.
//
// All nodes of one interval are solved by one thread, so the result does not depend on how many threads there are.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "curves.hpp"

namespace micromarket::nested {

// Vertices of one fleet of participants, any memory order (strides in elements).
struct Fleet {
    const double *prices, *powers;
    std::int64_t size, vertices;
    std::int64_t price_stride[3], power_stride[3];
};

// What does not change between intervals. Arrays of `links` are ragged: node k owns [link_start[k], link_start[k + 1]).
struct Problem {
    std::int64_t nodes, intervals;
    const std::int32_t *parent;
    const std::int64_t *link_start;  // of the border powers of each link's pieces
    const double *own_power;         // border seen from the node [kW], rising
    const double *seen_power;        // the same border seen from the parent [kW]
    const double *price_factor;      // parent's price per node's price on the piece that starts at the border
    std::vector<Fleet> fleets;
    std::int64_t participants;
    const std::int64_t *member_start;  // of each node in `members`
    const std::int64_t *members;       // participants ordered by node
    const double *reference;           // price [currency/kWh] the root stays near if many balance; NaN for none
};

// Arrays of one interval after another: (intervals, nodes) and (intervals, participants).
struct Solution {
    double *price, *sent, *received;
    std::int8_t *outcome;
    bool *congested;
    double *powers, *unserved;
};

constexpr std::int8_t kBalanced = 0, kShort = 1, kSurplus = 2;

// The line between a node and its parent: pieces on which received power is linear in sent power.
struct Link {
    const double *own, *seen, *factor;
    std::size_t borders;

    std::size_t pieces() const { return borders - 1; }
    bool lossless() const { return pieces() == 1 && factor[0] == 1.0; }
    double lowest() const { return own[0]; }
    double highest() const { return own[borders - 1]; }

    double to_parent(double power, std::size_t piece) const {
        if (lossless() || power == own[piece]) return lossless() ? power : seen[piece];
        return std::min(seen[piece + 1], seen[piece] + (power - own[piece]) / factor[piece]);
    }
    double to_parent(double power) const { return to_parent(power, piece_of(own, power)); }
    double to_node(double power) const {
        if (lossless()) return power;
        const std::size_t piece = piece_of(seen, power);
        return std::clamp(own[piece] + (power - seen[piece]) * factor[piece], own[piece], own[piece + 1]);
    }
    // Last piece that starts at or below `power`.
    std::size_t piece_of(const double *border, double power) const {
        std::size_t piece = static_cast<std::size_t>(std::upper_bound(border, border + borders, power) - border);
        return std::min(piece == 0 ? 0 : piece - 1, pieces() - 1);
    }
    // Losses leave a negative price as it is: burning power in the line must never pay.
    double price_to_parent(double price, std::size_t piece) const { return price < 0 ? price : price * factor[piece]; }
    double price_to_node(double price, std::size_t piece) const { return price < 0 ? price : price / factor[piece]; }

    // Prices of the node that differ from its parent's price by nothing but losses.
    Range prices_without_congestion(double price, double power, double tolerance) const {
        if (lossless()) return {price, price};
        const std::size_t piece = piece_of(seen, power);
        const bool at_start = piece > 0 && power <= seen[piece] + tolerance;
        const bool at_end = piece + 1 < pieces() && power >= seen[piece + 1] - tolerance;
        return {price_to_node(price, at_end ? piece + 1 : piece), price_to_node(price, at_start ? piece - 1 : piece)};
    }
};

// Who shares in a node's balance: power at both ends of the piece of its net curve where the target lies.
struct Share {
    double low, high, power;
};

// One interval after another, with memory that is kept between them.
class Solver {
  public:
    explicit Solver(const Problem &problem)
        : problem_(problem), own_(problem.nodes), bent_(problem.nodes), seen_(problem.nodes), curve_(problem.participants + 1),
          first_child_(problem.nodes, -1), next_child_(problem.nodes, -1), target_(problem.nodes),
          gross_(problem.nodes) {
        for (std::int64_t k = problem.nodes - 1; k > 0; --k) {
            next_child_[k] = first_child_[problem.parent[k]];
            first_child_[problem.parent[k]] = static_cast<std::int32_t>(k);
        }
    }

    void solve(std::int64_t interval, const Solution &all) {
        interval_ = interval;
        const std::int64_t node = interval * problem_.nodes, participant = interval * problem_.participants;
        out_ = {all.price + node,     all.sent + node,          all.received + node,       all.outcome + node,
                all.congested + node, all.powers + participant, all.unserved + participant};
        read_all();
        for (std::int64_t k = problem_.nodes - 1; k >= 0; --k) {
            add_up(k);
            if (k > 0) bend(k);
        }
        target_[0] = out_.sent[0] = out_.received[0] = 0.0;
        for (std::int64_t k = 0; k < problem_.nodes; ++k) dispatch(k);
    }

  private:
    const Problem &problem_;
    std::int64_t interval_ = 0;
    Solution out_{};
    std::vector<Polyline> own_, bent_;  // net curve of each node: at its own prices, and after its line
    std::vector<CurveView> seen_;       // as its parent sees it: one of the two
    Polyline store_;                    // curves of all participants, one after another
    std::vector<std::size_t> curve_;    // where each starts in `store_`
    std::vector<std::int32_t> first_child_, next_child_;
    std::vector<double> target_, gross_;
    Adder adder_;
    std::vector<Share> shares_;
    Polyline read_, cut_;

    Link link(std::int64_t k) const {
        const std::int64_t at = problem_.link_start[k];
        return {problem_.own_power + at, problem_.seen_power + at, problem_.price_factor + at,
                static_cast<std::size_t>(problem_.link_start[k + 1] - at)};
    }

    CurveView participant(std::int64_t i) const { return {store_.data() + curve_[i], store_.data() + curve_[i + 1]}; }

    // Call `visit` with the curve of every member and child of a node, always in the same order.
    template <typename Visit> void each(std::int64_t k, Visit visit) const {
        for (std::int64_t m = problem_.member_start[k]; m < problem_.member_start[k + 1]; ++m)
            visit(participant(problem_.members[m]));
        for (std::int32_t child = first_child_[k]; child >= 0; child = next_child_[child]) visit(seen_[child]);
    }

    void read_all() {
        store_.clear();
        std::int64_t participant = 0;
        for (const Fleet &fleet : problem_.fleets)
            for (std::int64_t i = 0; i < fleet.size; ++i) {
                curve_[participant++] = store_.size();
                read(fleet, i);
            }
        curve_[participant] = store_.size();
    }

    void read(const Fleet &fleet, std::int64_t i) {
        const double *price = fleet.prices + i * fleet.price_stride[0] + interval_ * fleet.price_stride[1];
        const double *power = fleet.powers + i * fleet.power_stride[0] + interval_ * fleet.power_stride[1];
        auto vertex = [&](std::int64_t v) {
            return Vertex{price[v * fleet.price_stride[2]], power[v * fleet.power_stride[2]]};
        };
        const Vertex last = vertex(fleet.vertices - 1);
        const std::size_t start = store_.size();
        for (std::int64_t v = 0; v + 1 < fleet.vertices; ++v) {
            const Vertex here = vertex(v);
            if (here == last) break;  // what follows is padding
            store_.push_back(here);
        }
        store_.push_back(last);
        const CurveView curve{store_.data() + start, store_.data() + store_.size()};
        if (is_simple(curve)) return;
        simplify(curve, read_);
        store_.resize(start);
        store_.insert(store_.end(), read_.begin(), read_.end());
    }

    // Net curve of a node: everyone inside and below.
    void add_up(std::int64_t k) {
        adder_.clear();
        each(k, [&](CurveView curve) { adder_.take(curve); });
        adder_.sum(own_[k]);
    }

    // Net curve of a node as its parent sees it: clipped to the limits, bent by the losses.
    void bend(std::int64_t k) {
        const Link line = link(k);
        CurveView curve(own_[k]);
        if (curve.front().power < line.lowest() || curve.back().power > line.highest()) {
            clip(curve, line.lowest(), line.highest(), line.lossless() ? bent_[k] : cut_);
            curve = line.lossless() ? bent_[k] : cut_;
        }
        if (!line.lossless()) {
            bend_all(line, curve, bent_[k]);
            curve = bent_[k];
        }
        seen_[k] = curve;
    }

    static void bend_all(const Link &line, CurveView curve, Polyline &out) {
        if (curve.size() == 1) return out.assign(1, {0.0, line.to_parent(curve[0].power)});
        out.clear();
        std::size_t piece = line.piece_of(line.own, curve[0].power);
        for (std::size_t v = 0; v + 1 < curve.size(); ++v) {
            const Vertex a = curve[v], b = curve[v + 1];
            const bool crosses = a.price < 0 && b.price > 0 && a.power < b.power;
            const Vertex middle = crosses ? Vertex{0.0, interpolated_power(a, b, 0.0)} : b;
            bend_piece(line, a, middle, piece, out);
            if (crosses) bend_piece(line, middle, b, piece, out);
        }
        close(out);
    }

    static void bend_piece(const Link &line, Vertex a, Vertex b, std::size_t &piece, Polyline &out) {
        if (a.power == b.power) return;  // its ends are written by the pieces that rise
        while (a.power >= line.own[piece + 1]) ++piece;
        append(out, {line.price_to_parent(a.price, piece), line.to_parent(a.power, piece)});
        for (; b.power > line.own[piece + 1]; ++piece) {
            const double border = line.own[piece + 1];
            const double price = a.price == b.price ? a.price : interpolated_price(a, b, border);
            append(out, {line.price_to_parent(price, piece), line.seen[piece + 1]});
            append(out, {line.price_to_parent(price, piece + 1), line.seen[piece + 1]});
        }
        append(out, {line.price_to_parent(b.price, piece), line.to_parent(b.power, piece)});
    }

    // Price of a node whose net power is given, and the power of everyone in it.
    void dispatch(std::int64_t k) {
        const double target = target_[k];
        share(k, target);
        double gross = 0.0, total = 0.0;
        for (const Share &one : shares_) gross += std::abs(one.power), total += one.power;
        gross_[k] = k == 0 ? gross : std::max(gross, gross_[problem_.parent[k]]);
        const double tolerance = 1e-10 + 1e-13 * gross_[k];
        out_.outcome[k] = target > own_[k].back().power + tolerance    ? kShort
                          : target < own_[k].front().power - tolerance ? kSurplus
                                                                       : kBalanced;
        if (k == 0) set_root_price(tolerance);
        else set_price(k, tolerance);
        if (out_.outcome[k] == kBalanced) settle(target - total);
        else ration(out_.outcome[k] == kShort ? -1.0 : 1.0, target - total);
        write(k);
    }

    void share(std::int64_t k, double target) {
        const Polyline &own = own_[k];
        const auto above = std::ranges::upper_bound(own, target, {}, &Vertex::power);
        const bool inside = above != own.begin() && above != own.end();
        const Vertex b = inside ? *above : above == own.begin() ? own.front() : own.back();
        const Vertex a = inside ? *(above - 1) : b;
        const bool step = a.price == b.price;
        const double up = inside ? (target - a.power) / (b.power - a.power) : above == own.begin() ? 0.0 : 1.0;
        const double down = inside ? (b.power - target) / (b.power - a.power) : 1.0 - up;
        shares_.clear();
        each(k, [&](CurveView curve) {
            const Range left = evaluate(curve, a.price), right = evaluate(curve, b.price);
            const double low = step ? left.low : left.high, high = step ? right.high : right.low;
            shares_.push_back({low, high, up <= 0.5 ? low + up * (high - low) : high - down * (high - low)});
        });
    }

    // Give what rounding left over to whoever is on a slope or step and has most room.
    void settle(double rest) {
        for (int round = 0; round < 3 && rest != 0.0; ++round) {
            Share *best = nullptr;
            double most = 0.0;
            for (Share &one : shares_) {
                const double room = rest > 0 ? one.high - one.power : one.power - one.low;
                if (room > most) most = room, best = &one;
            }
            if (best == nullptr) return;
            const double moved = std::clamp(rest, -most, most);
            best->power += moved;
            rest -= moved;
        }
    }

    // Everyone on the side of which there is too much (-1 demand, 1 generation) loses the same part; `high` keeps
    // what was wanted.
    void ration(double side, double rest) {
        double wanted = 0.0;
        Share *largest = nullptr;
        for (Share &one : shares_) {
            one.high = one.power;
            if (one.power * side <= 0) continue;
            wanted += std::abs(one.power);
            if (largest == nullptr || std::abs(one.power) > std::abs(largest->power)) largest = &one;
        }
        if (largest == nullptr) return;
        const double part = std::min(1.0, std::abs(rest) / wanted);
        for (Share &one : shares_)
            if (one.power * side > 0) {
                one.power -= one.high * part;
                rest += one.high * part;
            }
        largest->power += rest;  // of rounding
    }

    void write(std::int64_t k) {
        const Share *one = shares_.data();
        for (std::int64_t m = problem_.member_start[k]; m < problem_.member_start[k + 1]; ++m, ++one) {
            const std::int64_t i = problem_.members[m];
            out_.powers[i] = one->power;
            out_.unserved[i] = out_.outcome[k] == kBalanced ? 0.0 : std::abs(one->high - one->power);
        }
        for (std::int32_t child = first_child_[k]; child >= 0; child = next_child_[child], ++one) {
            const double own = link(child).to_node(one->power);
            target_[child] = own;
            out_.sent[child] = one->power < 0 ? -one->power : -own;
            out_.received[child] = one->power < 0 ? -own : -one->power;
        }
    }

    // Prices at which a node's net curve gives its target; rounding must not push it off a flat stretch.
    Range balancing(std::int64_t k, double tolerance) const {
        return {prices_at(own_[k], std::max(target_[k] - tolerance, own_[k].front().power)).low,
                prices_at(own_[k], std::min(target_[k] + tolerance, own_[k].back().power)).high};
    }

    // The prices that balance, or in a shortage or surplus those beyond which nobody moves.
    Range stretch(std::int64_t k, std::int8_t outcome, double tolerance) const {
        const Polyline &own = own_[k];
        if (outcome == kShort) return {own.size() > 1 ? own.back().price : -kInfinity, kInfinity};
        if (outcome == kSurplus) return {-kInfinity, own.size() > 1 ? own.front().price : kInfinity};
        return balancing(k, tolerance);
    }

    void set_root_price(double tolerance) {
        out_.congested[0] = false;
        const double reference = problem_.reference[interval_];
        const Range extremes{-kInfinity, kInfinity};
        const Polyline &own = own_[0];
        const Range all = own.size() == 1                  ? extremes
                          : out_.outcome[0] == kShort   ? Range{own.back().price, own.back().price}
                          : out_.outcome[0] == kSurplus ? Range{own.front().price, own.front().price}
                                                        : balancing(0, tolerance);
        out_.price[0] = !std::isnan(reference)                         ? std::clamp(reference, all.low, all.high)
                        : all.low == -kInfinity && all.high == kInfinity ? 0.0
                        : all.low == -kInfinity                          ? all.high
                        : all.high == kInfinity                          ? all.low
                                                                         : all.low + 0.5 * (all.high - all.low);
    }

    // The balancing price nearest to what the parent's price becomes over the line.
    void set_price(std::int64_t k, double tolerance) {
        const double parent_price = out_.price[problem_.parent[k]];
        const Link line = link(k);
        const double seen = line.to_parent(target_[k]);
        const bool full_in = seen <= line.seen[0] + tolerance;
        const bool full_out = seen >= line.seen[line.borders - 1] - tolerance;
        const Range loss = line.prices_without_congestion(parent_price, seen, tolerance);
        const double low = full_out ? -kInfinity : loss.low, high = full_in ? kInfinity : loss.high;
        const std::int8_t outcome = out_.outcome[k];
        const Range all = stretch(k, outcome, tolerance);
        const double price = all.low > high  ? all.low
                             : all.high < low ? all.high
                                              : std::clamp(parent_price, std::max(low, all.low), std::min(high, all.high));
        out_.price[k] = price;
        const double slack = 1e-12 * (1.0 + std::abs(price));
        out_.congested[k] = (full_in && (outcome == kShort || price > loss.high + slack)) ||
                            (full_out && (outcome == kSurplus || price < loss.low - slack));
    }
};

// Solve every interval; two threads take turns where there is enough to do.
inline void clear(const Problem &problem, const Solution &out, int threads) {
    std::atomic<std::int64_t> next{0};
    auto run = [&] {
        Solver solver(problem);
        for (std::int64_t t = next++; t < problem.intervals; t = next++) solver.solve(t, out);
    };
    const bool split = threads > 1 && problem.intervals > 1 && problem.participants * problem.intervals > 2000;
    std::thread second;
    if (split) second = std::thread(run);
    run();
    if (split) second.join();
}

}  // namespace micromarket::nested
