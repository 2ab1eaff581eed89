"""What a schema cannot say, said to schemathesis: rules between values, and cursors that only the service can give out."""
import schemathesis

# A 400 for one of these, of input that fits the schema, keeps to the contract: its description states the rule in words.
RULES = (
    "is not one that this list gave out", "must not be before from", "null takes a range of ten years at most",
    "is not one that a replay gave out", "no slot begins between from and to", " twice: say which, ", "name one: a history is of slots of one length",
    "name one: an exclusion is of slots of one length", "is not a value of ", "is required: one value, since a slot is of one series")

# Of one dataset and not of the other: which dataset it is stands in the path, which a schema of the query does not see.
OWN = {
    "node", "source", "pair", "interval", "tier", "archives", "api_backfill", "auto_gap_fill", "trades", "complete", "resolution", "group_by"}


def is_foreign(error):
    name = (error.get("parameter") or error.get("pointer", "").lstrip("#/").split("/")[0])
    return name in OWN and ("is not a parameter of " in error["detail"] or "is not a field of " in error["detail"]
                            or "expected one of" in error["detail"])


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
    return not errors or not all(is_foreign(error) or any(rule in error["detail"] for rule in RULES) for error in errors)
