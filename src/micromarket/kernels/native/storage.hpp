// Stores of anything (energy, warmth, coolness) planned exactly by dynamic programming on marginal values.
//
// The marginal value of what is stored falls as the store fills: a graph of points by rising state and falling value,
// linear between points, with level and vertical pieces, level beyond both ends. One step of planning is
//   confine: add the benefit of holding, keep the state within its limits (vertical ends), and
//   widen:   insert one level for charging and one for discharging, as long as each may move the state;
// nothing is searched and no solver is called. Forward in time, on the mirrored axis z = -x, the same two operations
// give the cost of arriving; both graphs added along x give the exact flexibility of one step, all other prices fixed.
// Where no plan keeps the limits, state is given or taken at a penalty, so that every problem has a plan.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "large_pages.hpp"

namespace micromarket::storage {

struct Point {
    double state;
    double value;  // marginal value [currency/unit of state]
};

struct Vertex {
    double price;
    double power;
};

using Vertices = std::vector<Vertex, LargePages<Vertex>>;

// One planning step of one store, its price folded in.
struct Step {
    double hours, charge_kw, discharge_kw, gain, drain, wear;
    double retained, drift, lowest, highest, comfort_below, comfort_above, target;
    double charge_length, discharge_length;  // how far the state may move
    double charge_value, discharge_value;    // marginal value at which it begins to
    double turn_price, turn_value;           // where sharing the interval between both begins to pay
    bool can_share, shares;

    void prepare(double price, double penalty) {
        charge_length = gain * charge_kw * hours;
        discharge_length = drain * discharge_kw * hours;
        charge_value = (price + wear) / gain;
        discharge_value = (price - wear) / drain;
        can_share = charge_length > 0 && discharge_length > 0 && drain > gain;
        turn_price = can_share ? -wear * (drain + gain) / (drain - gain) : 0.0;
        turn_value = (turn_price + wear) / gain;
        shares = can_share && charge_value < discharge_value;
        if (shares) {
            const double length = charge_length + discharge_length;
            charge_value = (charge_value * charge_length + discharge_value * discharge_length) / length;
            discharge_value = charge_value;
        }
        charge_value = std::clamp(charge_value, -penalty, penalty);
        discharge_value = std::clamp(discharge_value, -penalty, penalty);
    }
    // Power that changes the state by `change`: by one way only, or sharing the interval between both.
    double power(double change) const {
        return change > 0 ? -change / (gain * hours) : change < 0 ? -change / (drain * hours) : 0.0;
    }
    double shared_power(double change) const {
        const double share = (change + discharge_length) / (charge_length + discharge_length);
        return discharge_kw - (charge_kw + discharge_kw) * share;
    }
    // Price at which a marginal value is just worth its power.
    double charge_price(double value) const { return gain * value - wear; }
    double discharge_price(double value) const { return drain * value + wear; }
    double shared_price(double value) const {
        const double moved = value * (charge_length + discharge_length) / hours;
        return (moved - wear * (charge_kw - discharge_kw)) / (charge_kw + discharge_kw);
    }
};

inline double state_at(const Point &a, const Point &b, double value) {
    return a.state + (b.state - a.state) * ((a.value - value) / (a.value - b.value));
}

inline double value_at(const Point &a, const Point &b, double state) {
    return a.value + (b.value - a.value) * ((state - a.state) / (b.state - a.state));
}

// A graph in memory that somebody else owns, with room for more points.
struct Graph {
    Point *points;
    std::size_t size = 0;

    const Point &operator[](std::size_t i) const { return points[i]; }
    void add(double state, double value) { points[size++] = {state, value}; }
};

// What a step asks of the state at its end. Mirrored for the way forward in time.
struct Limits {
    double lowest, highest, comfort_below, comfort_above, target, penalty;

    double comfort(double state) const {
        return (state < target ? comfort_below : comfort_above) * (target - state);
    }
};

inline Limits limits_of(const Step &step, double penalty) {
    return {step.lowest, step.highest, step.comfort_below, step.comfort_above, step.target, penalty};
}

inline Limits mirrored(const Limits &l) {
    return {-l.highest, -l.lowest, l.comfort_above, l.comfort_below, -l.target, l.penalty};
}

// Cut values to +-penalty in place: beyond, state is rather given or taken.
inline void cut_values(Graph &graph, double penalty) {
    Point *points = graph.points;
    std::size_t first = 0, last = graph.size - 1;
    while (first < last && points[first + 1].value > penalty) ++first;
    if (points[first].value > penalty) points[first] = {state_at(points[first], points[first + 1], penalty), penalty};
    while (last > first && points[last - 1].value < -penalty) --last;
    if (points[last].value < -penalty) points[last] = {state_at(points[last - 1], points[last], -penalty), -penalty};
    std::copy(points + first, points + last + 1, points);
    graph.size = last - first + 1;
}

// Value just right of a state, where point i is the first beyond it; level beyond both ends.
inline double value_before(const Graph &graph, std::size_t i, double state) {
    return i == 0 ? graph[0].value : i == graph.size ? graph[i - 1].value : value_at(graph[i - 1], graph[i], state);
}

// Add the marginal comfort to the values and end the graph vertically at both limits.
inline void confine(const Graph &from, const Limits &limits, Graph &to) {
    const double low = limits.lowest, high = limits.highest, penalty = limits.penalty;
    to.size = 0;
    to.add(low, penalty);
    if (low < high) {
        std::size_t i = 0;
        while (i < from.size && from[i].state <= low) ++i;
        to.add(low, value_before(from, i, low) + limits.comfort(low));
        if (limits.comfort_below != limits.comfort_above && low < limits.target && limits.target < high) {
            for (; i < from.size && from[i].state < limits.target; ++i)
                to.add(from[i].state, from[i].value + limits.comfort(from[i].state));
            to.add(limits.target, value_before(from, i, limits.target));
        }
        for (; i < from.size && from[i].state < high; ++i)
            to.add(from[i].state, from[i].value + limits.comfort(from[i].state));
        to.add(high, value_before(from, i, high) + limits.comfort(high));
    }
    to.add(high, -penalty);
    if (to[1].value > penalty || to[to.size - 2].value < -penalty) {
        to.points[0].value = std::max(penalty, to[1].value);
        to.points[to.size - 1].value = std::min(-penalty, to[to.size - 2].value);
        cut_values(to, penalty);
    }
}

// Insert the levels of charging and discharging; what is worth more moves left, what is worth less moves right.
inline void widen(const Graph &from, const Step &step, Graph &to) {
    to.size = 0;
    std::size_t i = 0;
    double shift = -step.charge_length;
    const auto insert = [&](double level, double length) {
        if (length == 0) return;
        for (; from[i].value > level; ++i) to.add(from[i].state + shift, from[i].value);
        if (from[i].value == level) {
            to.add(from[i].state + shift, level);
            while (i + 1 < from.size && from[i + 1].value == level) ++i;
            to.add(from[i].state + shift + length, level);
            ++i;
        } else {
            const double state = state_at(from[i - 1], from[i], level);
            to.add(state + shift, level);
            to.add(state + shift + length, level);
        }
        shift += length;
    };
    if (step.shares) {
        insert(step.charge_value, step.charge_length + step.discharge_length);
    } else {
        insert(step.charge_value, step.charge_length);
        shift = 0.0;
        if (i < from.size) insert(step.discharge_value, step.discharge_length);
    }
    shift = step.discharge_length;
    for (; i < from.size; ++i) to.add(from[i].state + shift, from[i].value);
}

// Put a graph over state' = retained * state + drift back on the axis of `state`.
inline void before_drift(Graph &graph, const Step &step) {
    if (step.retained == 1.0 && step.drift == 0.0) return;
    const double inverse = 1.0 / step.retained;
    for (std::size_t i = 0; i < graph.size; ++i)
        graph.points[i] = {(graph[i].state - step.drift) * inverse, graph[i].value * step.retained};
}

// The same for the cost of arriving, on the mirrored axis, forward in time.
inline void after_drift(Graph &graph, const Step &step) {
    if (step.retained == 1.0 && step.drift == 0.0) return;
    const double inverse = 1.0 / step.retained;
    for (std::size_t i = 0; i < graph.size; ++i)
        graph.points[i] = {graph[i].state * step.retained - step.drift, graph[i].value * inverse};
}

// The sum of two graphs along the state, walked from the highest value down.
struct Sum {
    const Graph &a, &b;
    std::size_t i = 0, j = 0;

    bool ended() const { return i == a.size || j == b.size; }
    // Not below the state of the next point, without a division.
    double bound() const { return a[i].state + b[j].state; }
    Point point() const {
        if (a[i].value > b[j].value) return {a[i].state + state_at(b[j - 1], b[j], a[i].value), a[i].value};
        if (a[i].value < b[j].value) return {b[j].state + state_at(a[i - 1], a[i], b[j].value), b[j].value};
        return {a[i].state + b[j].state, a[i].value};
    }
    void advance() {
        const double value = a[i].value;
        if (value > b[j].value) ++i;
        else if (value < b[j].value) ++j;
        else if (i + 1 < a.size && a[i + 1].value == value) ++i;
        else if (j + 1 < b.size && b[j + 1].value == value) ++j;
        else ++i, ++j;
    }
};

// Add two graphs as far as the sum lies in [low, high], with at most one point beyond each end.
inline void add_graphs(const Graph &a, const Graph &b, double low, double high, Graph &to) {
    to.size = 0;
    Sum sum{a, b};
    while (sum.j < b.size && b[sum.j].value > a[0].value) ++sum.j;
    Sum before = sum;
    while (!sum.ended() && sum.bound() < low) before.i = sum.i, before.j = sum.j, sum.advance();
    if (before.i != sum.i || before.j != sum.j) to.points[to.size++] = before.point();
    for (; !sum.ended(); sum.advance()) {
        const Point point = sum.point();
        if (point.state < low) to.size = 0;
        to.points[to.size++] = point;
        if (point.state > high) return;
    }
}

// The curve being written: rises, repeats nothing, starts and ends where power begins and ceases to change.
struct Curve {
    Vertices &vertices;
    std::size_t begin;

    std::size_t size() const { return vertices.size() - begin; }
    void add(double price, double power) {
        if (size() > 0) {
            price = std::max(price, vertices.back().price);
            power = std::max(power, vertices.back().power);
        }
        if (size() == 1 && vertices.back().power == power) vertices.pop_back();
        if (size() >= 2) {
            const Vertex &last = vertices.back(), &before = vertices[vertices.size() - 2];
            if ((last.price == price && before.price == price) || (last.power == power && before.power == power))
                vertices.pop_back();
        }
        vertices.push_back({price, power});
    }
    void finish() {
        while (size() > 1 && vertices.back().power == vertices[vertices.size() - 2].power) vertices.pop_back();
        if (size() == 1) vertices.back().price = 0.0;
    }
};

// Keep the part of a graph with changes in reach and values within the ceiling.
inline void cut_window(Graph &graph, double low, double high, double ceiling) {
    Point *p = graph.points;
    const std::size_t last = graph.size - 1;
    if (p[last].state <= low) return void((graph.size = 1, p[0] = {low, p[last].value}));
    if (p[0].state >= high) return void((graph.size = 1, p[0] = {high, p[0].value}));
    if (p[0].state < low) p[0] = {low, value_at(p[0], p[1], low)};
    if (p[last].state > high) p[last] = {high, value_at(p[last - 1], p[last], high)};
    if (p[last].value >= ceiling) return void((graph.size = 1, p[0] = p[last]));
    if (p[0].value <= -ceiling) return void(graph.size = 1);
    cut_values(graph, ceiling);
}

// Write the curve of one step from the marginal value of changing the state, from the lowest price up.
inline void trace(Graph &graph, const Step &step, double ceiling, Curve curve) {
    if (step.charge_length == 0 && step.discharge_length == 0) return curve.add(0.0, 0.0);
    cut_window(graph, -step.discharge_length, step.charge_length, ceiling);
    if (graph.size == 1) return curve.add(0.0, step.power(graph[0].state));
    bool sharing = step.can_share && graph[graph.size - 1].value < step.turn_value;
    Point last = graph[graph.size - 1];
    const auto one_way = [&](const Point &point) {
        if (point.state > 0) return curve.add(step.charge_price(point.value), step.power(point.state));
        if (last.state > 0 && point.state < 0) last = {0.0, value_at(point, last, 0.0)};
        const double at_rest = point.state == 0 ? point.value : last.value;
        if (last.state == 0 || point.state == 0) {
            const bool arrived = curve.size() > 0 && curve.vertices.back().power == 0;
            if (!arrived && step.charge_length > 0) curve.add(step.charge_price(at_rest), 0.0);
            if (step.discharge_length > 0) curve.add(step.discharge_price(at_rest), 0.0);
        }
        if (point.state < 0) curve.add(step.discharge_price(point.value), step.power(point.state));
    };
    for (std::size_t i = graph.size; i-- > 0;) {
        const Point &point = graph[i];
        if (sharing && point.value < step.turn_value) {
            curve.add(step.shared_price(point.value), step.shared_power(point.state));
        } else if (sharing) {
            sharing = false;
            const double state = state_at(point, graph[i + 1], step.turn_value);
            curve.add(step.turn_price, step.shared_power(state));
            last = {state, step.turn_value};
            one_way(last);
            one_way(point);
        } else {
            one_way(point);
        }
        last = point;
    }
    curve.finish();
}

// Where a graph passes a value: both ends of the level there.
inline double first_state(const Graph &graph, double value) {
    const Point *begin = graph.points, *end = begin + graph.size;
    const Point *at = std::partition_point(begin, end, [&](const Point &p) { return p.value > value; });
    return at->value == value ? at->state : state_at(at[-1], at[0], value);
}

inline double last_state(const Graph &graph, double value) {
    const Point *begin = graph.points, *end = begin + graph.size;
    const Point *after = std::partition_point(begin, end, [&](const Point &p) { return p.value >= value; });
    return after == end || after[-1].value == value ? after[-1].state : state_at(after[-1], after[0], value);
}

// Best change of a state that would be `state` without any; of several, the least.
inline double best_change(const Graph &worth, const Step &step, double state) {
    if (step.charge_length > 0) {
        const double full = first_state(worth, step.charge_value);
        if (state < full) return std::min(full - state, step.charge_length);
    }
    if (step.discharge_length > 0) {
        const double spare = last_state(worth, step.discharge_value);
        if (state > spare) return -std::min(state - spare, step.discharge_length);
    }
    return 0.0;
}

// A number for each of n stores and H steps, laid out as NumPy likes; a stride of 0 repeats one number.
struct Grid {
    const double *data;
    std::ptrdiff_t store_stride, step_stride;

    double operator()(std::size_t store, std::size_t step) const {
        return data[static_cast<std::ptrdiff_t>(store) * store_stride + static_cast<std::ptrdiff_t>(step) * step_stride];
    }
};

struct Stores {
    Grid initial, end_value, hours, charge_kw, discharge_kw, gain, drain, wear;
    Grid retained, drift, lowest, highest, comfort_below, comfort_above, target;
    std::size_t count, horizon;
    double penalty, ceiling;

    Step step(std::size_t i, std::size_t t, double price) const {
        Step s{};
        s.hours = hours(i, t), s.charge_kw = charge_kw(i, t), s.discharge_kw = discharge_kw(i, t);
        s.gain = gain(i, t), s.drain = drain(i, t), s.wear = wear(i, t);
        s.retained = retained(i, t), s.drift = drift(i, t), s.lowest = lowest(i, t), s.highest = highest(i, t);
        s.comfort_below = comfort_below(i, t), s.comfort_above = comfort_above(i, t), s.target = target(i, t);
        s.prepare(price, penalty);
        return s;
    }
};

// Plans one store after another in memory of its own.
class Planner {
  public:
    explicit Planner(const Stores &stores)
        : stores_(stores), steps_(stores.horizon), starts_(stores.horizon), sizes_(stores.horizon),
          current_(room()), forward_(room()), spare_(room()) {}

    void plan(std::size_t i, const Grid &prices, double *powers, double *states) {
        look_back(i, prices, stores_.horizon);
        double state = states[0] = stores_.initial(i, 0);
        for (std::size_t t = 0; t < stores_.horizon; ++t) {
            const Step &step = steps_[t];
            const double drifted = step.retained * state + step.drift;
            const Graph held = worth(t);
            const double change = best_change(held, step, drifted);
            powers[t] = step.shares ? step.shared_power(change) : step.power(change);
            states[t + 1] = state = std::clamp(drifted + change, held[0].state, held[held.size - 1].state);
        }
    }

    // Write the curves of the first `tendered` steps; `ends` receives the number of vertices after each.
    void curves(std::size_t i, const Grid &prices, std::size_t tendered, Vertices &vertices,
                std::vector<std::size_t> &ends) {
        look_back(i, prices, tendered);
        Graph arrival{forward_.data()}, widened{spare_.data()}, sum{current_.data()};
        arrival.add(-stores_.initial(i, 0), stores_.penalty);
        arrival.add(-stores_.initial(i, 0), -stores_.penalty);
        for (std::size_t t = 0; t < tendered; ++t) {
            const Step &step = steps_[t];
            after_drift(arrival, step);
            add_graphs(worth(t), arrival, -step.discharge_length, step.charge_length, sum);
            trace(sum, step, stores_.ceiling, {vertices, vertices.size()});
            ends.push_back(vertices.size());
            if (t + 1 == tendered) return;
            widen(arrival, step, widened);
            confine(widened, mirrored(limits_of(step, stores_.penalty)), arrival);
        }
    }

  private:
    const Stores &stores_;
    std::vector<Step> steps_;
    std::vector<std::size_t> starts_, sizes_;
    std::vector<Point> current_, forward_, spare_, worth_;

    // A step adds at most five points when it confines a graph, and four when it widens it.
    std::size_t room() const { return 16 * stores_.horizon + 32; }

    // Marginal value of the state at the end of step t.
    Graph worth(std::size_t t) { return {worth_.data() + starts_[t], sizes_[t]}; }

    // Backward pass; keeps the graphs of the first `kept` steps.
    void look_back(std::size_t i, const Grid &prices, std::size_t kept) {
        Graph current{current_.data()};
        current.add(0.0, stores_.end_value(i, 0));
        std::size_t used = 0;
        for (std::size_t t = stores_.horizon; t-- > 0;) {
            const Step &step = steps_[t] = stores_.step(i, t, prices(i, t));
            if (worth_.size() < used + current.size + 5) worth_.resize(2 * used + current.size + 64);
            Graph worth{worth_.data() + used};
            confine(current, limits_of(step, stores_.penalty), worth);
            starts_[t] = used;
            sizes_[t] = worth.size;
            if (t < kept) used += worth.size;
            if (t == 0) break;
            widen(worth, step, current);
            before_drift(current, step);
        }
    }
};

}  // namespace micromarket::storage
