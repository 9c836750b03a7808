"""Generated filters: comparisons of generated fields, joined and negated."""

from hypothesis import strategies as st

from app.domain.filters import And, Comparison, Field, Node, Not, Operator, Or, Value


@st.composite
def comparison_of(
    draw: st.DrawFn, field: Field, operator: Operator, values: st.SearchStrategy[Value]
) -> Comparison:
    """A comparison with as many values as its operator takes."""
    if operator in (Operator.IS_NULL, Operator.IS_NOT_NULL):
        return Comparison(field, operator)
    if operator in (Operator.IN, Operator.NOT_IN):
        return Comparison(field, operator, tuple(draw(st.lists(values, min_size=1, max_size=4))))
    if operator is Operator.BETWEEN:
        return Comparison(field, operator, (draw(values), draw(values)))
    return Comparison(field, operator, draw(values))


def trees(comparisons: st.SearchStrategy[Comparison], most: int) -> st.SearchStrategy[Node]:
    """Filters of up to so many comparisons."""
    return st.recursive(
        comparisons,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
            st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        ),
        max_leaves=most,
    )
