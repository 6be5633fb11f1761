from __future__ import annotations

import threading
from dataclasses import dataclass

from inboxes import Behaviour, endpoint
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.notify.send import send
from supportops.notify.send_pool import send_all

DONE = Delivery(Outcome.HANDED_OVER, "handed over", 0.0)


@dataclass(frozen=True)
class Task:
    target: str
    number: int = 0


def test_the_urgent_ones_go_first() -> None:
    order: list[str] = []

    def send(task: Task) -> Delivery:
        order.append(task.target)
        return DONE

    tasks = [Task(name) for name in "abcdefg"]
    assert [task for task, _ in send_all(tasks, send, workers=1)] == tasks
    assert order == list("abcdefg")


def test_a_hung_target_holds_back_nobody_else() -> None:
    release = threading.Event()

    def send(task: Task) -> Delivery:
        if task.target == "hung":
            assert release.wait(30)
        return DONE

    tasks = [Task("hung", 1), Task("hung", 2), *(Task(str(n)) for n in range(20))]
    results = send_all(tasks, send, workers=2, hard_limit=60)
    first = [next(results)[0].target for _ in range(20)]
    assert "hung" not in first
    release.set()
    assert [task.number for task, _ in results] == [1, 2]


def test_one_target_gets_one_message_at_a_time() -> None:
    lock, busy, most = threading.Lock(), {"a": 0, "b": 0}, {"a": 0, "b": 0}
    both = threading.Barrier(2, timeout=30)

    def send(task: Task) -> Delivery:
        with lock:
            busy[task.target] += 1
            most[task.target] = max(most[task.target], busy[task.target])
        both.wait()  # opens only when two are on their way at once
        with lock:
            busy[task.target] -= 1
        return DONE

    tasks = [Task(name, n) for n in range(5) for name in "ab"]
    outcomes = [delivery.outcome for _, delivery in send_all(tasks, send, workers=8)]
    assert outcomes == [Outcome.HANDED_OVER] * 10
    assert most == {"a": 1, "b": 1}


def test_a_send_that_never_returns_is_unknown_and_its_place_is_filled() -> None:
    release = threading.Event()

    def send(task: Task) -> Delivery:
        if task.target == "hung":
            release.wait()
        return DONE

    tasks = [Task("hung"), Task("a"), Task("b")]
    found = {t.target: d.outcome for t, d in send_all(tasks, send, workers=1, hard_limit=0.3)}
    release.set()
    assert found == {
        "hung": Outcome.UNKNOWN,
        "a": Outcome.HANDED_OVER,
        "b": Outcome.HANDED_OVER,
    }


def test_a_send_that_raises_is_a_failure_that_shows_no_text_of_the_error() -> None:
    def send(task: Task) -> Delivery:
        raise ValueError("json://user:secret@host")

    ((_, delivery),) = send_all([Task("a")], send)
    assert (delivery.outcome, delivery.detail) == (Outcome.FAILED, "sending failed: ValueError")


def test_a_caller_that_stops_iterating_starts_nothing_more() -> None:
    started: list[str] = []
    gate = threading.Semaphore(0)

    def send(task: Task) -> Delivery:
        started.append(task.target)
        assert gate.acquire(timeout=30)
        return DONE

    before = threading.active_count()
    results = send_all([Task(str(n)) for n in range(50)], send, workers=1)
    gate.release()
    next(results)
    results.close()  # type: ignore[attr-defined]
    for _ in range(50):
        gate.release()
    for thread in threading.enumerate():
        if thread.name == "supportops-worker":
            thread.join(30)
    assert len(started) <= 2
    assert threading.active_count() <= before


def test_nothing_to_send_is_no_result() -> None:
    assert list(send_all([], lambda task: DONE)) == []


def test_real_receivers_each_get_theirs_while_one_hangs() -> None:
    with endpoint() as good, endpoint() as bad:
        bad.behaviour = Behaviour.HANG
        message = OutgoingMessage("", "Acme Shop DOWN")
        urls = {"bad": bad.url()} | {f"good {n}": good.url(str(n)) for n in range(1, 6)}
        outcomes = {
            task.target: delivery.outcome
            for task, delivery in send_all(
                [Task(target) for target in urls],
                lambda task: send(urls[task.target], message, timeout=1),
                workers=3,
            )
        }
        good_ones = [target for target in urls if target != "bad"]
        assert outcomes == {"bad": Outcome.UNKNOWN} | dict.fromkeys(good_ones, Outcome.HANDED_OVER)
        assert len(good.requests) == 5
