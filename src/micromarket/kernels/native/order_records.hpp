// Order events, trades and standing orders as they lie in memory and in files. No Python inside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace micromarket::matching {

enum Kind : std::uint8_t { kNew, kCancel, kImmediate, kAllOrNone, kReplace };
enum class Priority : std::uint8_t { time, volume, pro_rata };

struct Event {
    std::uint8_t kind, side;
    std::uint16_t flags;
    std::uint32_t instrument;
    std::int32_t price, quantity;
    std::int64_t order_id;
};
struct Trade {
    std::int64_t taker, maker;
    std::int32_t price, quantity;
};
struct Resting {
    std::uint32_t instrument, side;
    std::int32_t price, quantity;
    std::int64_t order_id;
};
static_assert(sizeof(Event) == 24 && sizeof(Trade) == 24 && sizeof(Resting) == 24);

// What the caller may not ask; nothing has changed.
struct Refusal : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline constexpr std::uint32_t kMostInstruments = std::uint32_t{1} << 24;

// Whether an event names an order that came before; it then takes instrument and side from that.
inline bool names_an_order(const Event &event) { return event.kind == kCancel || event.kind == kReplace; }

// Say what is wrong with an event, or nothing.
inline const char *wrong(const Event &event) {
    if (event.kind > kReplace) return "a kind is one of 0 to 4";
    if (event.order_id <= 0) return "an order id is above 0";
    if (event.kind == kCancel) return nullptr;
    if (event.quantity <= 0) return "a quantity is above 0";
    if (event.kind == kReplace) return nullptr;
    if (event.side > 1) return "a side is 0 (buy) or 1 (sell)";
    if (event.instrument >= kMostInstruments) return "an instrument is below 16777216";
    return nullptr;
}

// What a batch of events needs room for.
struct Extent {
    std::int64_t largest_id = 0, largest_instrument = 0;
};

// What `wrong` says, as numbers for each kind and for any other.
struct Rule {
    std::int64_t least_quantity, last_side, last_instrument, enters;  // `enters` is 0 or all bits
};
inline constexpr Rule kEntering{1, 1, kMostInstruments - 1, -1};
inline constexpr Rule kRules[] = {kEntering, {INT32_MIN, UINT8_MAX, UINT32_MAX, 0}, kEntering, kEntering,
                                  {1, UINT8_MAX, UINT32_MAX, 0}, {1, -1, -1, 0}};

// Look through a batch without a branch that depends on an event; refuse it if one is wrong.
inline Extent checked(const Event *events, std::size_t count) {
    Extent extent;
    std::int64_t faulty = 0;  // below 0 once one of the differences is
    for (std::size_t i = 0; i < count; ++i) {
        const Event &event = events[i];
        const Rule &rule = kRules[std::min<std::uint8_t>(event.kind, kReplace + 1)];
        faulty |= (-std::int64_t{event.order_id <= 0}) | (event.quantity - rule.least_quantity) |
                  (rule.last_side - event.side) | (rule.last_instrument - event.instrument);
        extent.largest_id = std::max(extent.largest_id, event.order_id & rule.enters);
        extent.largest_instrument = std::max(extent.largest_instrument, event.instrument & rule.enters);
    }
    for (std::size_t i = 0; faulty < 0; ++i)
        if (const char *fault = wrong(events[i])) throw Refusal("event " + std::to_string(i) + ": " + fault);
    return extent;
}

}  // namespace micromarket::matching
