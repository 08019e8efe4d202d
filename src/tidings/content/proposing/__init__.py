"""Claims proposed from a product sheet, a web page or a PDF: sentences a person may confirm, never instructions."""
