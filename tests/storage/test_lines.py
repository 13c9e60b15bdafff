import pytest

from micromarket.errors import StoreError
from micromarket.storage.lines import line_of, read_lines, recorded
from micromarket.storage.values import to_bytes
from recorded_runs import record_of


@pytest.mark.parametrize("seed", range(10))
def test_facts_read_back_bit_by_bit(seed):
    """Every fact of a run on a bad bus: states, signals with all their records, prices, powers."""
    record = record_of(seed)

    read = [recorded(line_of(node, fact)) for node, fact in record]

    assert [(node, to_bytes(fact)) for node, fact in record] == [(node, to_bytes(fact)) for node, fact in read]


def test_a_line_that_is_still_written_is_left_for_later(tmp_path):
    record, file = record_of()[:3], tmp_path / "facts.jsonl"
    text = "".join(line_of(*one) + "\n" for one in record)
    file.write_text(text[:-1], encoding="utf-8")

    assert 2 == len(list(read_lines([file])))


@pytest.mark.parametrize(
    "line", ["", "{}", "[1]", '{"node":"a","fact":"Rain"}', '{"node":"a","fact":"Cleared"}', "\\"]
)
def test_what_is_no_fact_is_refused_by_file_and_line(line, tmp_path):
    file = tmp_path / "facts.jsonl"
    file.write_text(f"{line_of(*record_of()[0])}\n{line}\n", encoding="utf-8")

    with pytest.raises(StoreError, match=r"facts\.jsonl:2: expected a fact"):
        list(read_lines([file]))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match="No such file"):
        list(read_lines([tmp_path / "facts.jsonl"]))
