// The parts of Boost that are not templates, compiled once for the whole project.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/json/src.hpp>
