// Who gives what at the balancing price.
#pragma once

#include "clearing.hpp"

namespace micromarket::clearing {

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
    std::vector<double> low, high, slope, left_slope;

    explicit Dispatch(std::size_t participants)
        : low(participants), high(participants), slope(participants), left_slope(participants) {}

    // Steps at the price are shared pro rata to their width, counted from the nearer end; what rounding leaves goes to
    // the sloping curves, as a price between two floating-point numbers would have it, else to the steps.
    void run(const Columns &columns, double price, double target, bool balanced, double *out) {
        const std::size_t count = columns.participants;
        write_left_of(columns, price, low.data(), left_slope.data());
        write_right_of(columns, price, high.data(), slope.data());
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
