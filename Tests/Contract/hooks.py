"""What a schema cannot say, said to schemathesis: rules between values, and cursors that only the service can give out."""
import schemathesis

# A 400 for one of these, of input that fits the schema, keeps to the contract: its description states the rule in words.
RULES = (
    "is not one that this list gave out", "must not be before from", "null takes a range of ten years at most",
    "no slot begins between from and to", " twice: say which, ")


@schemathesis.hook
def filter_failure(context, failure, case, response):
    kind = type(failure).__name__
    # Nor can it say how long all parameters are together: such a request is refused whether it is right or wrong.
    if response.status_code == 414 and kind in ("RejectedPositiveData", "AcceptedNegativeData"):
        return False
    if kind != "RejectedPositiveData" or response.status_code not in (400, 422):
        return True
    try:
        problem = response.json()
    except ValueError:
        return True
    # That a key came with another body before is said of the requests of a day, not of one.
    if response.status_code == 422:
        return problem.get("type") != "/problems/key-reused"
    errors = problem.get("errors", [])
    return not errors or not all(any(rule in error["detail"] for rule in RULES) for error in errors)
