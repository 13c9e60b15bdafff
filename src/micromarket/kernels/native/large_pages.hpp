// Memory for large results: on Linux it asks for large pages, which spares thousands of page faults per call.
#pragma once

#include <cstddef>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace micromarket {

inline constexpr std::size_t kLargePage = std::size_t{1} << 21;

inline void *allocate_large(std::size_t bytes) {
    if (bytes < 2 * kLargePage) return ::operator new(bytes, std::align_val_t{64});
    void *memory = ::operator new(bytes, std::align_val_t{kLargePage});
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    return memory;
}

inline void free_large(void *memory, std::size_t bytes) noexcept {
    if (bytes < 2 * kLargePage) ::operator delete(memory, std::align_val_t{64});
    else ::operator delete(memory, std::align_val_t{kLargePage});
}

// The same for containers.
template <class T> struct LargePages {
    using value_type = T;

    LargePages() = default;
    template <class U> LargePages(const LargePages<U> &) noexcept {}
    T *allocate(std::size_t count) { return static_cast<T *>(allocate_large(count * sizeof(T))); }
    void deallocate(T *memory, std::size_t count) noexcept { free_large(memory, count * sizeof(T)); }
    friend bool operator==(const LargePages &, const LargePages &) { return true; }
};

}  // namespace micromarket
