#!/usr/bin/env python3
"""/ and /swagger/ in headless Chromium: they show what they should, ask
nothing of anybody else, and their policy is not violated."""
import unittest

import browser
import harness


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if browser.find() is None:
            harness.skip('pages are not looked at, Chromium is not installed')
        cls.service = harness.Service(scenario='demo').ready()
        cls.browser = browser.Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.service.close()

    def open(self, path, condition):
        b = self.browser
        b.open(self.service.url + path, condition)
        self.assertEqual(b.complaints, [])
        self.assertTrue(b.requests)
        for url in b.requests:
            self.assertTrue(
                url.startswith((self.service.url + '/', 'data:')), url)
        return b

    def test_root(self):
        for dark, width in ((False, 1200), (True, 1200), (False, 400)):
            self.browser.scheme(dark, width)
            b = self.open('/', 'document.querySelector("table")')
            b.screenshot('root-%s-%d' % ('dark' if dark else 'light', width))
            # The style was taken in spite of the policy.
            self.assertNotEqual(
                b.value('getComputedStyle(document.body).maxWidth'), 'none')
            self.assertLessEqual(
                b.value('document.documentElement.scrollWidth'), width)
        links = b.value('[...document.links].map(a => '
                        'a.getAttribute("href"))')
        for link in links:
            self.assertEqual(self.service.get(link).status, 200, link)

    def test_reference(self):
        self.browser.scheme(False)
        page = self.service.get('/swagger/').body
        if b'id="swagger-ui"' not in page:
            print('SKIP: built without Swagger UI, the plain page is tested')
            b = self.open('/swagger/', 'document.querySelector("h3")')
            self.assertEqual(
                b.value('document.querySelectorAll("h3").length'),
                len(self.service.get('/openapi.json').json()['paths']))
            b.screenshot('reference')
            return
        b = self.open('/swagger/', 'document.querySelector(".opblock")')
        b.screenshot('swagger')
        self.assertEqual(
            b.value('document.querySelectorAll(".opblock").length'),
            len(self.service.get('/openapi.json').json()['paths']))
        # The state opened: its schema comes from this service as well.
        b.value('document.querySelector("#operations-state-getState '
                '.opblock-summary-control").click()')
        b.open(self.service.url + '/swagger/#/state/getState',
               'document.querySelector("#operations-state-getState '
               '.responses-wrapper")')
        b.screenshot('swagger-state')
        self.assertEqual(b.complaints, [])


if __name__ == '__main__':
    harness.main()
