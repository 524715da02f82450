"""HTTP itself: the application, its policies, its errors and its pages."""
