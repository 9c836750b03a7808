"""A rule as nested functions of the data, each doing what json-logic-js does at that node.

Nothing is refused here: whatever json-logic-js computes is computed, what it throws at is an
EvaluationError once it is reached. `check` refuses faulty rules before they come here.
"""

from collections.abc import Callable

from msgspec import Struct

from app.domain.json_logic.access import Evaluator, is_whole, read, reader, steps_of
from app.domain.json_logic.coercion import UNDEFINED, less_or_equal, to_number, truthy
from app.domain.json_logic.errors import EvaluationError, JavaScriptError, Place
from app.domain.json_logic.operators import OPERATORS, Operator
from app.domain.json_logic.shapes import compile_shape


class Call(Struct, frozen=True):
    """An operator with its arguments, as they are written and compiled."""

    place: Place
    logic: list[object]
    arguments: list[Evaluator]

    def argument(self, index: int) -> Evaluator:
        """The argument, or what gives undefined where it is left out."""
        return self.arguments[index] if index < len(self.arguments) else _nothing

    def guarded(self, function: Callable[..., object]) -> Callable[..., object]:
        """The function with the place added to what it throws."""
        place = self.place

        def call(*values: object) -> object:
            try:
                return function(*values)
            except JavaScriptError as error:
                raise EvaluationError(f"{error}.", place) from error

        return call


def is_logic(value: object) -> bool:
    """Whether json-logic-js takes the value for a rule: an object with exactly one key."""
    return isinstance(value, dict) and len(value) == 1


def arguments_of(operator: str, values: object, place: Place) -> list[tuple[object, Place]]:
    """Arguments of an operator with their places; a single one needs no array around it."""
    if isinstance(values, list):
        return [(value, (*place, operator, index)) for index, value in enumerate(values)]
    return [(values, (*place, operator))]


def compile_logic(logic: object, place: Place) -> Evaluator:
    """What computes a rule, or gives a plain value back."""
    if isinstance(logic, list):
        return _array([compile_logic(item, (*place, index)) for index, item in enumerate(logic)])
    if not (isinstance(logic, dict) and len(logic) == 1):
        return lambda _data: logic
    ((operator, values),) = logic.items()
    arguments = arguments_of(operator, values, place)
    call = Call(
        (*place, operator),
        [argument for argument, _ in arguments],
        [compile_logic(*argument) for argument in arguments],
    )
    build = _BUILDERS.get(operator)
    if build is not None:
        return build(call)
    known = OPERATORS.get(operator)
    if known is None or known.function is None:
        return _unknown(operator, call)
    return compile_shape(
        operator, call.logic, call.arguments, call.guarded(known.function)
    ) or _computed(known, known.function, call)


def conjunction(conditions: list[Evaluator]) -> Evaluator:
    """The first condition that isn't true, or the last."""

    def evaluate(data: object) -> object:
        current: object = UNDEFINED
        for condition in conditions:
            current = condition(data)
            if current is not True and not truthy(current):
                return current
        return current

    return evaluate


def disjunction(conditions: list[Evaluator]) -> Evaluator:
    """The first condition that is true, or the last."""

    def evaluate(data: object) -> object:
        current: object = UNDEFINED
        for condition in conditions:
            current = condition(data)
            if current is not False and truthy(current):
                return current
        return current

    return evaluate


def _nothing(_data: object) -> object:
    return UNDEFINED


def _array(items: list[Evaluator]) -> Evaluator:
    # A new array every time: whether two arrays are the same one can be seen.
    return lambda data: [item(data) for item in items]


def _unknown(operator: str, call: Call) -> Evaluator:
    arguments = call.arguments

    def evaluate(data: object) -> object:
        for argument in arguments:
            argument(data)
        raise EvaluationError(f'"{operator}" is not an operator.', call.place)

    return evaluate


def _computed(known: Operator, function: Callable[..., object], call: Call) -> Evaluator:
    """An operator that only computes, called with as many values as it has parameters."""
    compute = call.guarded(function)
    arguments = call.arguments
    if known.most is not None:
        most = known.most
        arguments = arguments + [_nothing] * (known.least - len(arguments))
        if len(arguments) > most:
            return lambda data: compute(*[argument(data) for argument in arguments][:most])
    if len(arguments) == 1:
        (only,) = arguments
        return lambda data: compute(only(data))
    if len(arguments) == 2:
        one, other = arguments
        return lambda data: compute(one(data), other(data))
    return lambda data: compute(*[argument(data) for argument in arguments])


def _if(call: Call) -> Evaluator:
    count = len(call.arguments)
    branches = [
        (call.arguments[index], call.arguments[index + 1]) for index in range(0, count - 1, 2)
    ]
    otherwise = call.arguments[-1] if count % 2 else None

    def evaluate(data: object) -> object:
        for condition, consequence in branches:
            current = condition(data)
            if current is True or truthy(current):
                return consequence(data)
        return None if otherwise is None else otherwise(data)

    return evaluate


def _var(call: Call) -> Evaluator:
    if len(call.arguments) == 1 and not isinstance(call.logic[0], list | dict):
        return reader(call.logic[0])
    path_of, default_of = call.argument(0), call.argument(1)
    rest = call.arguments[2:]
    steps_in = call.guarded(steps_of)

    def evaluate(data: object) -> object:
        path, default = path_of(data), default_of(data)
        for argument in rest:
            argument(data)
        if is_whole(path):
            return data
        steps: list[str] = steps_in(path)  # type: ignore[assignment]
        return read(data, steps, None if default is UNDEFINED else default)

    return evaluate


def _apply(logic: object, data: object, place: Place) -> object:
    """Computes a rule that came out of a rule, as `missing` does with its keys."""
    try:
        return compile_logic(logic, place)(data)
    except EvaluationError as error:
        raise EvaluationError(error.problem, place) from error


def _missing_of(values: list[object], data: object, place: Place) -> list[object]:
    keys = values[0] if values and isinstance(values[0], list) else values
    missing: list[object] = []
    for key in keys:
        if isinstance(key, str) and key:
            value = read(data, key.split("."), None)
        else:
            value = _apply({"var": key}, data, place)
        if value is None or value == "":
            missing.append(key)
    return missing


def _missing(call: Call) -> Evaluator:
    arguments, place = call.arguments, call.place

    def evaluate(data: object) -> object:
        return _missing_of([argument(data) for argument in arguments], data, place)

    return evaluate


def _missing_some(call: Call) -> Evaluator:
    place = call.place
    all_arguments = [*call.arguments, _nothing, _nothing]

    def enough(options: object, missing: list[object], needed: object) -> bool:
        if options is None or options is UNDEFINED:
            raise JavaScriptError('"missing_some" needs an array of keys as second argument')
        count = to_number(read(options, ["length"], UNDEFINED))
        return less_or_equal(needed, count - len(missing))

    is_enough = call.guarded(enough)

    def evaluate(data: object) -> object:
        needed, options, *_ = [argument(data) for argument in all_arguments]
        missing = _apply({"missing": options}, data, place)
        return [] if is_enough(options, missing, needed) else missing

    return evaluate


def _map(call: Call) -> Evaluator:
    items_of, body = call.argument(0), call.argument(1)

    def evaluate(data: object) -> object:
        items = items_of(data)
        return [body(item) for item in items] if isinstance(items, list) else []

    return evaluate


def _filter(call: Call) -> Evaluator:
    items_of, body = call.argument(0), call.argument(1)

    def evaluate(data: object) -> object:
        items = items_of(data)
        if not isinstance(items, list):
            return []
        return [item for item in items if truthy(body(item))]

    return evaluate


def _reduce(call: Call) -> Evaluator:
    items_of, body = call.argument(0), call.argument(1)
    # Left out, it is null; an initial value that is computed may well be undefined.
    initial_of = call.arguments[2] if len(call.arguments) > 2 else (lambda _data: None)

    def evaluate(data: object) -> object:
        items, accumulator = items_of(data), initial_of(data)
        if not isinstance(items, list):
            return accumulator
        for item in items:
            scope = {"current": item, "accumulator": accumulator}
            if item is UNDEFINED or accumulator is UNDEFINED:
                # A member that is undefined reads as one that isn't there.
                scope = {name: value for name, value in scope.items() if value is not UNDEFINED}
            accumulator = body(scope)
        return accumulator

    return evaluate


def _quantifier(stop_at: bool, answer_then: bool, of_nothing: bool) -> Callable[[Call], Evaluator]:
    """`all`, `none` and `some`: the element that decides, and the answers with and without it."""

    def build(call: Call) -> Evaluator:
        items_of, body = call.argument(0), call.argument(1)

        def evaluate(data: object) -> object:
            items = items_of(data)
            if not isinstance(items, list) or not items:
                return of_nothing
            for item in items:
                if truthy(body(item)) is stop_at:
                    return answer_then
            return not answer_then

        return evaluate

    return build


_BUILDERS: dict[str, Callable[[Call], Evaluator]] = {
    "var": _var,
    "missing": _missing,
    "missing_some": _missing_some,
    "if": _if,
    "?:": _if,
    "and": lambda call: conjunction(call.arguments),
    "or": lambda call: disjunction(call.arguments),
    "map": _map,
    "filter": _filter,
    "reduce": _reduce,
    "all": _quantifier(stop_at=False, answer_then=False, of_nothing=False),
    "none": _quantifier(stop_at=True, answer_then=False, of_nothing=True),
    "some": _quantifier(stop_at=True, answer_then=True, of_nothing=False),
}
