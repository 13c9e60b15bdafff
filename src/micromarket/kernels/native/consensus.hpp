// Consensus between neighbors in a network of any shape: each node clears with every neighbor as a sloped curve, each
// edge averages what its two ends answer. No Python inside; the plain twin in ``kernels/consensus.py`` specifies it.
//
// All nodes of one interval are solved by one thread, so the result does not depend on how many threads there are.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

namespace micromarket::consensus {

// What does not change. Ends of edge `e` are numbered 2 e and 2 e + 1; the flow of an edge goes into its first end.
struct Problem {
    std::int64_t intervals, nodes, vertices, edges, segments;
    const double *prices, *powers;  // (intervals, nodes, vertices): net curve of each node, scarcity included
    const std::int32_t *node_of;    // (edges, 2)
    const double *limit;            // (edges, 2): most power into each end, where it is sent [kW]
    const double *arriving;         // (edges, segments): part of the sent power that arrives, segment by segment
    const double *least_kw;         // (edges): power that a disagreement in price counts with at least
    double least_price;             // price that a disagreement in power counts with at least [currency/kWh]
    double relaxation, precision, reach, damping, grain, range;
    std::int64_t most_rounds, rounds_between;
};

// In: where to start. Out: where it ended. (intervals, nodes), (intervals, edges), (intervals).
struct Solution {
    double *price, *flow, *edge_price, *penalty, *gap;
    std::int64_t *rounds;
    double *history;  // (intervals, most_rounds, edges): price of each edge after each round; may be null
};

// What comes over one end at a price of its node: where it is sent, where it arrives, and how that rises with price.
struct Answer {
    double sent, arrives, slope;
};

// What one end did since its edge last changed its penalty.
struct Watched {
    double sent, price, sent_moved, price_moved;
};

class Solver {
  public:
    explicit Solver(const Problem &problem)
        : problem_(problem), first_end_(problem.nodes + 1), ends_(2 * problem.edges), sent_(2 * problem.edges),
          watched_(2 * problem.edges), changes_(problem.edges) {
        for (std::int64_t k = 0; k < 2 * problem.edges; ++k) ++first_end_[problem.node_of[k] + 1];
        for (std::int64_t k = 0; k < problem.nodes; ++k) first_end_[k + 1] += first_end_[k];
        std::vector<std::int64_t> next = first_end_;
        for (std::int64_t k = 0; k < 2 * problem.edges; ++k) ends_[next[problem.node_of[k]]++] = k;
    }

    void solve(std::int64_t t, const Solution &all) {
        const std::int64_t corner = t * problem_.nodes * problem_.vertices, edge = t * problem_.edges;
        prices_ = problem_.prices + corner;
        powers_ = problem_.powers + corner;
        price_ = all.price + t * problem_.nodes;
        flow_ = all.flow + edge, edge_price_ = all.edge_price + edge, penalty_ = all.penalty + edge;
        first_penalty_.assign(penalty_, penalty_ + problem_.edges);
        std::fill(watched_.begin(), watched_.end(), Watched{});
        std::fill(changes_.begin(), changes_.end(), 0);
        all.gap[t] = 0.0;
        for (round_ = 1; round_ <= problem_.most_rounds; ++round_) {
            for (std::int64_t k = 0; k < problem_.nodes; ++k) balance(k);
            all.gap[t] = exchange();
            all.rounds[t] = round_;
            if (all.history != nullptr) {
                const std::int64_t row = t * problem_.most_rounds + round_ - 1;
                std::copy(edge_price_, edge_price_ + problem_.edges, all.history + row * problem_.edges);
            }
            if (all.gap[t] <= problem_.precision) break;
        }
        // what both answered, which balances the nodes; the flow agreed on may be a little behind
        for (std::int64_t e = 0; e < problem_.edges; ++e) flow_[e] = 0.5 * (sent_[2 * e] - sent_[2 * e + 1]);
    }

  private:
    struct Total {
        double power, slope, scale;
    };

    const Problem &problem_;
    std::vector<std::int64_t> first_end_, ends_;  // of each node
    std::vector<double> sent_, first_penalty_;
    std::vector<Watched> watched_;
    std::vector<std::int64_t> changes_;
    std::int64_t round_ = 0;
    const double *prices_ = nullptr, *powers_ = nullptr;
    double *price_ = nullptr, *flow_ = nullptr, *edge_price_ = nullptr, *penalty_ = nullptr;

    double flow_into(std::int64_t end) const { return end & 1 ? -flow_[end / 2] : flow_[end / 2]; }

    Answer answer(std::int64_t end, double price) const {
        const std::int64_t e = end / 2;
        const double most = problem_.limit[end], least = -problem_.limit[end ^ 1], stiffness = penalty_[e];
        const double agreed = flow_into(end), *arriving = problem_.arriving + e * problem_.segments;
        double sent = agreed + (price - edge_price_[e]) / stiffness;
        if (sent <= least) return {least, least, 0.0};
        if (sent <= 0.0 || arriving[problem_.segments - 1] == 1.0)
            return sent < most ? Answer{sent, sent, 1.0 / stiffness} : Answer{most, most, 0.0};
        const double width = most / static_cast<double>(problem_.segments);
        double start = 0.0, arrives = 0.0;
        for (std::int64_t j = 0; j < problem_.segments; ++j, start += width) {
            const double part = arriving[j], factor = price < 0.0 ? 1.0 : part;
            sent = agreed + (price * factor - edge_price_[e]) / stiffness;
            if (sent <= start) return {start, arrives, 0.0};
            if (sent < start + width) return {sent, arrives + part * (sent - start), part * factor / stiffness};
            arrives += part * width;
        }
        return {most, arrives, 0.0};
    }

    Total arrivals(std::int64_t node, double price) const {
        Total total{0.0, 0.0, 0.0};
        for (std::int64_t i = first_end_[node]; i < first_end_[node + 1]; ++i) {
            const Answer one = answer(ends_[i], price);
            total.power += one.arrives;
            total.slope += one.slope;
            total.scale += std::abs(one.arrives);
        }
        return total;
    }

    static double rounding(double scale) { return 1e-15 * scale; }

    // How much too little (negative) or too much a node has at a price; 0 on a step that balances it.
    double excess(std::int64_t node, double price) const {
        const double *prices = prices_ + node * problem_.vertices, *end = prices + problem_.vertices;
        const double *powers = powers_ + node * problem_.vertices;
        const auto first = std::lower_bound(prices, end, price) - prices, after = std::upper_bound(prices, end, price) - prices;
        const Total total = arrivals(node, price);
        double low = powers[std::min(first, problem_.vertices - 1)], high = powers[std::max<std::int64_t>(after - 1, 0)];
        if (first == after && first > 0 && first < problem_.vertices) {
            const double share = (price - prices[first - 1]) / (prices[first] - prices[first - 1]);
            low = high = powers[first - 1] + share * (powers[first] - powers[first - 1]);
        }
        const double near = rounding(total.scale + std::min(std::abs(low), std::abs(high)));
        return low + total.power > near ? low + total.power : high + total.power < -near ? high + total.power : 0.0;
    }

    // The balancing price nearest to the last one.
    double balancing_price(std::int64_t node) const {
        const double *prices = prices_ + node * problem_.vertices, *powers = powers_ + node * problem_.vertices;
        const double before = price_[node], at_before = excess(node, before);
        if (at_before == 0.0) return before;
        const bool up = at_before < 0.0;
        std::int64_t low = 0, high = problem_.vertices - 1;
        while (high - low > 1) {
            const std::int64_t middle = (low + high) / 2;
            const double there = powers[middle] + arrivals(node, prices[middle]).power;
            (up ? there < 0.0 : there <= 0.0) ? low = middle : high = middle;
        }
        if (prices[low] == prices[high]) return prices[low];
        return on_slope(node, low, up, std::clamp(before, prices[low], prices[high]));
    }

    // Newton steps, kept between a price that is too low and one that is too high, while the node's own curve is
    // one straight line; halved where they leave it.
    double on_slope(std::int64_t node, std::int64_t vertex, bool up, double trial) const {
        const double *prices = prices_ + node * problem_.vertices + vertex;
        const double *powers = powers_ + node * problem_.vertices + vertex;
        const double own = (powers[1] - powers[0]) / (prices[1] - prices[0]);
        double low = prices[0], high = prices[1];
        for (int pass = 0; pass < 200; ++pass) {
            const Total total = arrivals(node, trial);
            const double base = powers[0] + own * (trial - prices[0]), slope = own + total.slope;
            double value = base + total.power;
            if (std::abs(value) <= rounding(std::abs(base) + total.scale)) {
                if (slope > 0.0) return trial;
                value = up ? 1.0 : -1.0;  // flat: go back to its end nearest to the last price
            }
            (value < 0.0 ? low : high) = trial;
            double next = trial - value / slope;
            if (next == trial) return trial;
            if (!(next > low && next < high) || pass > 20) next = low + 0.5 * (high - low);
            if (next == low || next == high) return up ? high : low;
            trial = next;
        }
        return trial;
    }

    void balance(std::int64_t node) {
        price_[node] = balancing_price(node);
        for (std::int64_t i = first_end_[node]; i < first_end_[node + 1]; ++i)
            sent_[ends_[i]] = answer(ends_[i], price_[node]).sent;
    }

    // Every edge moves to the mean of both answers and its price by their disagreement; returns the largest part
    // of what an edge exchanges, in money, that its ends disagree about.
    double exchange() {
        double gap = 0.0;
        for (std::int64_t e = 0; e < problem_.edges; ++e) {
            const double first = sent_[2 * e], second = sent_[2 * e + 1];
            const double mean = 0.5 * (first - second), missing = 0.5 * (first + second), moved = mean - flow_[e];
            watch(2 * e);
            watch(2 * e + 1);
            const double price = edge_price_[e] + problem_.relaxation * penalty_[e] * missing;
            const double counted_price = std::max(std::abs(price), problem_.least_price);
            const double counted_kw = std::max(std::abs(mean), problem_.least_kw[e]);
            const double left = counted_price * std::abs(missing) + penalty_[e] * std::abs(moved) * counted_kw;
            gap = std::max(gap, 2.0 * left / (counted_price * counted_kw));
            flow_[e] += problem_.relaxation * moved;
            edge_price_[e] = price;
            if (round_ % problem_.rounds_between == 0) change_penalty(e);
        }
        return gap;
    }

    void watch(std::int64_t end) {
        const double sent = sent_[end], price = edge_price_[end / 2] + penalty_[end / 2] * (sent - flow_into(end));
        Watched &one = watched_[end];
        if (round_ > 1) {
            one.sent_moved += (sent - one.sent) * (sent - one.sent);
            one.price_moved += (price - one.price) * (price - one.price);
        }
        one.sent = sent, one.price = price;
    }

    // How steeply an end's price follows its power; the penalty itself where it has hardly moved.
    double slope(std::int64_t end) const {
        const double penalty = penalty_[end / 2], grain = problem_.grain * problem_.least_kw[end / 2];
        const Watched &one = watched_[end];
        const double price = one.price_moved + penalty * penalty * grain * grain, sent = one.sent_moved + grain * grain;
        return std::clamp(std::sqrt(price / sent), 1e-2 * penalty, 1e2 * penalty);
    }

    // Toward the geometric mean of the slopes of both ends, by less each time, so that it comes to rest.
    void change_penalty(std::int64_t e) {
        const double wanted = std::sqrt(slope(2 * e) * slope(2 * e + 1)) / penalty_[e];
        const double most = std::pow(problem_.reach, std::pow(problem_.damping, static_cast<double>(changes_[e]++)));
        const double first = first_penalty_[e], next = penalty_[e] * std::clamp(wanted, 1.0 / most, most);
        penalty_[e] = std::clamp(next, first / problem_.range, first * problem_.range);
        for (std::int64_t end : {2 * e, 2 * e + 1}) watched_[end].sent_moved = watched_[end].price_moved = 0.0;
    }
};

// Solve every interval; two threads take turns where there is enough to do.
inline void clear(const Problem &problem, const Solution &out, int threads) {
    std::atomic<std::int64_t> next{0};
    auto run = [&] {
        Solver solver(problem);
        for (std::int64_t t = next++; t < problem.intervals; t = next++) solver.solve(t, out);
    };
    const bool split = threads > 1 && problem.intervals > 1 && problem.edges * problem.intervals > 100;
    std::thread second;
    if (split) second = std::thread(run);
    run();
    if (split) second.join();
}

}  // namespace micromarket::consensus
