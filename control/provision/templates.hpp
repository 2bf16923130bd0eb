// The files of cloud-init/, as they were when the program was built.
#pragma once

#include <string_view>

namespace aura::control::provision {

extern const std::string_view user_data_template;  // cloud-init/user-data.yaml.in
extern const std::string_view first_boot_script;   // cloud-init/first-boot.sh

}  // namespace aura::control::provision
