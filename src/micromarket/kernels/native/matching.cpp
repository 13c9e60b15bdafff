#include "matching.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace nb = nanobind;
using namespace micromarket::matching;

namespace {

constexpr char kMagic[8] = {'o', 'r', 'd', 'e', 'r', 's', '0', '1'};
constexpr std::size_t kHead = sizeof(kMagic) + 8;
constexpr const char *kPriorities[] = {"time", "volume", "pro_rata"};

// A book, the trades of the present call, and whether a batch is running in another thread.
struct Venue {
    explicit Venue(Priority priority) : book(priority) {}

    Book &free() {
        if (busy) throw Refusal("the book is replaying events in another thread");
        return book;
    }

    Book book;
    Trades trades;
    bool busy = false;
};

// The bytes of an object that holds whole records, such as a structured array.
template <class Record> class Records {
  public:
    Records(nb::handle object, const char *name) {
        if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE)) {
            PyErr_Clear();
            throw Refusal(std::string(name) + " are to be one contiguous array of records");
        }
        if (view_.len % static_cast<Py_ssize_t>(sizeof(Record))) {
            PyBuffer_Release(&view_);
            throw Refusal(std::string(name) + " are records of " + std::to_string(sizeof(Record)) + " bytes each");
        }
    }
    ~Records() { PyBuffer_Release(&view_); }
    Records(const Records &) = delete;
    Records &operator=(const Records &) = delete;

    const Record *data() const { return static_cast<const Record *>(view_.buf); }
    std::size_t size() const { return static_cast<std::size_t>(view_.len) / sizeof(Record); }

  private:
    Py_buffer view_;
};

// An array of records of the named layout, which keeps the memory they were written to.
template <class Record> nb::object as_array(Slab<Record> &&records, const char *layout) {
    auto *kept = new Slab<Record>(std::move(records));
    nb::capsule owner(kept, [](void *p) noexcept { delete static_cast<Slab<Record> *>(p); });
    const std::size_t bytes = kept->size() * sizeof(Record);
    nb::ndarray<nb::numpy, std::uint8_t, nb::ndim<1>> raw(kept->data(), {bytes}, owner);
    const nb::object dtype = nb::module_::import_("micromarket.kernels.order_records").attr(layout);
    return nb::cast(raw).attr("view")(dtype);
}

Priority priority_of(const std::string &name) {
    for (int i = 0; i < 3; ++i)
        if (name == kPriorities[i]) return static_cast<Priority>(i);
    throw Refusal("a priority is time, volume or pro_rata; found " + name);
}

std::int32_t narrow(std::int64_t value, const char *name) {
    if (value != static_cast<std::int32_t>(value)) throw Refusal(std::string(name) + " needs more than 32 bits");
    return static_cast<std::int32_t>(value);
}

nb::tuple pack(std::int64_t a, std::int64_t b, std::int64_t c) {
    PyObject *made = PyTuple_New(3);
    if (!made) throw nb::python_error();
    PyTuple_SET_ITEM(made, 0, PyLong_FromLongLong(a));
    PyTuple_SET_ITEM(made, 1, PyLong_FromLongLong(b));
    PyTuple_SET_ITEM(made, 2, PyLong_FromLongLong(c));
    return nb::steal<nb::tuple>(made);
}

nb::list told(const Trades &trades) {
    PyObject *made = PyList_New(static_cast<Py_ssize_t>(trades.size()));
    if (!made) throw nb::python_error();
    for (std::size_t i = 0; i < trades.size(); ++i) {
        nb::tuple trade = pack(trades[i].maker, trades[i].price, trades[i].quantity);
        PyList_SET_ITEM(made, static_cast<Py_ssize_t>(i), trade.release().ptr());
    }
    return nb::steal<nb::list>(made);
}

nb::list add(Venue &venue, std::int64_t instrument, std::int64_t side, std::int64_t price, std::int64_t quantity,
             std::int64_t order_id, std::int64_t kind) {
    Book &book = venue.free();
    if (kind == kCancel || kind == kReplace || kind < 0 || kind > kReplace) throw Refusal("to add is kind 0, 2 or 3");
    if (side < 0 || side > 1) throw Refusal("a side is 0 (buy) or 1 (sell)");
    if (instrument < 0 || instrument >= kMostInstruments) throw Refusal("an instrument is 0 to 16777215");
    venue.trades.clear();
    book.admit({static_cast<std::uint8_t>(kind), static_cast<std::uint8_t>(side), 0,
                static_cast<std::uint32_t>(instrument), narrow(price, "the price"), narrow(quantity, "the quantity"),
                order_id}, venue.trades);
    return told(venue.trades);
}

nb::list replace(Venue &venue, std::int64_t order_id, std::int64_t price, std::int64_t quantity) {
    Book &book = venue.free();
    if (quantity <= 0) throw Refusal("a quantity is above 0");
    const std::int32_t narrow_price = narrow(price, "the price"), narrow_quantity = narrow(quantity, "the quantity");
    venue.trades.clear();
    book.replace(order_id, narrow_price, narrow_quantity, venue.trades);
    return told(venue.trades);
}

std::int32_t reduce(Venue &venue, std::int64_t order_id, std::int64_t quantity) {
    if (quantity < 0) throw Refusal("a quantity is not below 0");
    return venue.free().reduce(order_id, static_cast<std::int32_t>(std::min<std::int64_t>(quantity, INT32_MAX)));
}

nb::object replay(Venue &venue, nb::handle events) {
    Book &book = venue.free();
    const Records<Event> records(events, "events");
    Trades trades;
    venue.busy = true;
    std::exception_ptr failed;
    {
        nb::gil_scoped_release released;
        try {
            trades.reserve(records.size() / 2 + 16);
            book.replay(records.data(), records.size(), trades);
        } catch (...) {
            failed = std::current_exception();
        }
    }
    venue.busy = false;
    if (failed) std::rethrow_exception(failed);
    return as_array(std::move(trades), "TRADE");
}

std::uint32_t known(std::int64_t instrument) {
    return instrument < 0 || instrument >= kMostInstruments ? kMostInstruments : static_cast<std::uint32_t>(instrument);
}

std::uint32_t known_side(std::int64_t side) {
    if (side < 0 || side > 1) throw Refusal("a side is 0 (buy) or 1 (sell)");
    return static_cast<std::uint32_t>(side);
}

nb::object order(Venue &venue, std::int64_t order_id) {
    const Book &book = venue.free();
    const Link at = book.standing(order_id);
    if (!at) return nb::none();
    const Resting found = book.described(at);
    return nb::make_tuple(found.instrument, found.side, found.price, found.quantity);
}

nb::object front(Venue &venue, std::int64_t instrument, std::int64_t side) {
    const Book &book = venue.free();
    const Link at = book.front(known(instrument), known_side(side));
    if (!at) return nb::none();
    const Resting found = book.described(at);
    return pack(found.order_id, found.price, found.quantity);
}

nb::list depth(Venue &venue, std::int64_t instrument, std::int64_t side, std::int64_t levels) {
    nb::list found;
    const std::size_t most = levels > 0 ? static_cast<std::size_t>(levels) : SIZE_MAX;
    for (const Book::Depth &level : venue.free().depth(known(instrument), known_side(side), most))
        found.append(pack(level.price, level.quantity, level.orders));
    return found;
}

nb::object orders(Venue &venue, std::optional<std::int64_t> instrument) {
    Slab<Resting> found;
    const Book &book = venue.free();
    if (!instrument) {
        found.reserve(book.size());
        book.write(0, kMostInstruments, found);
    } else if (known(*instrument) < kMostInstruments) {
        book.write(known(*instrument), known(*instrument) + 1, found);
    }
    return as_array(std::move(found), "RESTING");
}

nb::bytes snapshot(Venue &venue) {
    const Book &book = venue.free();
    Slab<Resting> found;
    found.reserve(book.size());
    book.write(0, kMostInstruments, found);
    const std::size_t body = found.size() * sizeof(Resting);
    nb::bytes made = nb::steal<nb::bytes>(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(kHead + body)));
    char *to = PyBytes_AS_STRING(made.ptr());
    const std::uint64_t priority = static_cast<std::uint64_t>(book.priority());
    std::memcpy(to, kMagic, sizeof(kMagic));
    std::memcpy(to + sizeof(kMagic), &priority, sizeof(priority));
    if (body) std::memcpy(to + kHead, found.data(), body);
    return made;
}

std::unique_ptr<Venue> restore(nb::bytes content) {
    const char *from = content.c_str();
    std::uint64_t priority = 3;
    if (content.size() < kHead || std::memcmp(from, kMagic, sizeof(kMagic)) != 0) throw Refusal("not a book's snapshot");
    std::memcpy(&priority, from + sizeof(kMagic), sizeof(priority));
    if (priority > 2 || (content.size() - kHead) % sizeof(Resting)) throw Refusal("not a book's snapshot");
    auto made = std::make_unique<Venue>(static_cast<Priority>(priority));
    made->book.read(reinterpret_cast<const Resting *>(from + kHead), (content.size() - kHead) / sizeof(Resting));
    return made;
}

// A refusal becomes the package's own error.
void translate(const std::exception_ptr &thrown, void *) {
    try {
        std::rethrow_exception(thrown);
    } catch (const Refusal &refusal) {
        const nb::object error = nb::module_::import_("micromarket.errors").attr("InvalidValue");
        PyErr_SetString(error.ptr(), refusal.what());
    }
}

}  // namespace

void bind_matching(nb::module_ &module) {
    nb::register_exception_translator(translate);
    nb::class_<Venue>(module, "Book")
        .def("__init__", [](Venue *at, const std::string &priority) { new (at) Venue(priority_of(priority)); },
             nb::arg("priority") = "time")
        .def("add", &add, nb::arg("instrument"), nb::arg("side"), nb::arg("price"), nb::arg("quantity"),
             nb::arg("order_id"), nb::arg("kind") = 0)
        .def("cancel", [](Venue &venue, std::int64_t id) { return venue.free().cancel(id); }, nb::arg("order_id"))
        .def("reduce", &reduce, nb::arg("order_id"), nb::arg("quantity"))
        .def("replace", &replace, nb::arg("order_id"), nb::arg("price"), nb::arg("quantity"))
        .def("remaining", [](Venue &venue, std::int64_t id) { return venue.free().remaining(id); }, nb::arg("order_id"))
        .def("order", &order, nb::arg("order_id"))
        .def("front", &front, nb::arg("instrument"), nb::arg("side"))
        .def("available", [](Venue &venue, std::int64_t instrument, std::int64_t side, std::int64_t price) {
            return venue.free().available(known(instrument), known_side(side), narrow(price, "the price"));
        }, nb::arg("instrument"), nb::arg("side"), nb::arg("price"))
        .def("depth", &depth, nb::arg("instrument"), nb::arg("side"), nb::arg("levels") = 0)
        .def("orders", &orders, nb::arg("instrument") = nb::none())
        .def("replay", &replay, nb::arg("events"))
        .def("snapshot", &snapshot)
        .def_static("restore", &restore, nb::arg("content"))
        .def("__len__", [](Venue &venue) { return venue.free().size(); })
        .def_prop_ro("bytes_held", [](Venue &venue) { return venue.free().bytes(); })
        .def_prop_ro("priority", [](Venue &venue) { return kPriorities[static_cast<int>(venue.book.priority())]; });
    // An empty bound call, to see what crossing from Python costs.
    module.def("empty_call", [](std::int64_t value) { return value; });
}
