"""Features as answers: tables held ready for reading, filters, paging, GeoJSON and HTML."""
