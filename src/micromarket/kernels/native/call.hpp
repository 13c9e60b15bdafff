// A call auction of step orders on a tick grid: a histogram of ticks, one scan over it, one pass of awards.
// The plain twin in ../call.py sorts instead and is the specification.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace micromarket::call {

struct Uncrossed {
    std::int64_t price = 0, low = 0, high = 0, volume = 0, imbalance = 0;
};

struct Book {
    std::span<const std::int32_t> prices;
    std::span<const std::int32_t> powers;  // positive: sells
};

// Quantity on either side of each tick; tick k has price `first + k`, one empty tick beyond either end.
struct Levels {
    std::int64_t first;
    std::vector<std::int64_t> quantity;  // 2k: wanted, 2k + 1: offered

    std::size_t count() const { return quantity.size() / 2; }
    std::int64_t wanted(std::size_t k) const { return quantity[2 * k]; }
    std::int64_t offered(std::size_t k) const { return quantity[2 * k + 1]; }
};

// Nothing if the ticks between the lowest and the highest price are more than `most`.
inline std::optional<Levels> levels_of(const Book &book, std::int64_t most) {
    const auto [lowest, highest] = std::minmax_element(book.prices.begin(), book.prices.end());
    const std::int64_t first = std::int64_t{*lowest} - 1, count = std::int64_t{*highest} + 2 - first;
    if (count > most) return std::nullopt;
    Levels levels{first, std::vector<std::int64_t>(2 * static_cast<std::size_t>(count))};
    std::int64_t *quantity = levels.quantity.data();
    for (std::size_t i = 0; i < book.prices.size(); ++i) {
        const std::int64_t power = book.powers[i];
        quantity[2 * (book.prices[i] - first) + (power > 0)] += power < 0 ? -power : power;
    }
    return levels;
}

// Maximum volume, then minimum surplus, then the price nearest to the reference, else the middle.
inline Uncrossed best(const Levels &levels, std::optional<std::int64_t> reference) {
    std::int64_t demand = 0, supply = 0, surplus = 0;
    for (std::size_t k = 0; k < levels.count(); ++k) demand += levels.wanted(k);
    Uncrossed found{.volume = -1};
    for (std::size_t k = 0; k < levels.count(); ++k) {
        supply += levels.offered(k);
        const std::int64_t volume = std::min(demand, supply), left = std::max(demand, supply) - volume;
        const auto price = levels.first + static_cast<std::int64_t>(k);
        if (volume > found.volume || (volume == found.volume && left < surplus)) {
            found.volume = volume, found.low = price, surplus = left;
        }
        if (volume == found.volume && left == surplus) found.high = price;
        demand -= levels.wanted(k);
    }
    const std::int64_t middle = found.low + (found.high - found.low) / 2;
    found.price = reference ? std::clamp(*reference, found.low, found.high) : middle;
    for (std::size_t k = 0; k < levels.count(); ++k) {
        const auto price = levels.first + static_cast<std::int64_t>(k);
        if (price <= found.price) found.imbalance += levels.offered(k);
        if (price >= found.price) found.imbalance -= levels.wanted(k);
    }
    return found;
}

// The level at which one side's volume is used up, and what is left for it; never one of the empty ends.
struct Cut {
    std::int64_t price, left;
};

inline Cut cut_of_buyers(const Levels &levels, std::int64_t volume) {
    std::size_t k = levels.count() - 2;
    for (; k > 1 && volume >= levels.wanted(k); --k) volume -= levels.wanted(k);
    return {levels.first + static_cast<std::int64_t>(k), volume};
}

inline Cut cut_of_sellers(const Levels &levels, std::int64_t volume) {
    std::size_t k = 1;
    for (; k + 2 < levels.count() && volume >= levels.offered(k); ++k) volume -= levels.offered(k);
    return {levels.first + static_cast<std::int64_t>(k), volume};
}

// Better prices get all, the level of the cut by age.
inline void award(const Book &book, const Levels &levels, std::int64_t volume, std::int32_t *awards) {
    Cut buyers = cut_of_buyers(levels, volume), sellers = cut_of_sellers(levels, volume);
    const auto bought = static_cast<std::int32_t>(buyers.price), sold = static_cast<std::int32_t>(sellers.price);
    const std::size_t count = book.prices.size();
    const std::int32_t *prices = book.prices.data(), *powers = book.powers.data();
    for (std::size_t i = 0; i < count; ++i) {
        const std::int32_t buys = (powers[i] < 0) & (prices[i] > bought), sells = (powers[i] > 0) & (prices[i] < sold);
        awards[i] = powers[i] & -(buys | sells);
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (prices[i] != bought && prices[i] != sold) continue;
        if (prices[i] == bought && powers[i] < 0) {
            const std::int64_t part = std::min(-std::int64_t{powers[i]}, buyers.left);
            awards[i] = static_cast<std::int32_t>(-part), buyers.left -= part;
        } else if (prices[i] == sold && powers[i] > 0) {
            const std::int64_t part = std::min(std::int64_t{powers[i]}, sellers.left);
            awards[i] = static_cast<std::int32_t>(part), sellers.left -= part;
        }
    }
}

}  // namespace micromarket::call
