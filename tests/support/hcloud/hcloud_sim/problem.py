"""What the API refuses: an error object with a code, and the HTTP status that the documents give with it."""

STATUS = {"invalid_input": 422, "unauthorized": 401, "forbidden": 403, "not_found": 404, "uniqueness_error": 409, "conflict": 409,
          "resource_limit_exceeded": 403, "resource_unavailable": 412, "placement_error": 412, "locked": 423, "protected": 423,
          "rate_limit_exceeded": 429, "maintenance": 503, "service_error": 500, "server_error": 500, "unavailable": 503,
          "bad_gateway": 502, "timeout": 504, "json_error": 400, "method_not_allowed": 405, "token_readonly": 403}


class Problem(Exception):
    def __init__(self, code, message=None, details=None):
        super().__init__(message or code)
        self.code = code
        self.status = STATUS.get(code, 400)
        self.details = details

    def body(self):
        return {"error": {"code": self.code, "message": str(self), "details": self.details}}


def invalid(field, why):
    return Problem("invalid_input", f"invalid input in field '{field}'", {"fields": [{"name": field, "messages": [why]}]})
