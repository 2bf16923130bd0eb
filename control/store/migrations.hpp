// The schema, as numbered steps that are never edited once released.
#pragma once

namespace soci {
class session;
}

namespace aura::control {

// Brings the database to the newest schema, each step in a transaction of its own. Returns the version found, which
// is above newest_schema() (and then nothing was done) where a newer program wrote the file. Throws soci_error.
int migrate(soci::session& sql);
int newest_schema();

}  // namespace aura::control
